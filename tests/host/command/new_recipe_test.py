"""`weft new recipe`: from data as it lies to a recipe that trains and answers.

Usage: new_recipe_test.py BUILD_FOLDER
"""
import math
import random
import re
import resource
import struct
import wave

from cases import *

sys.path.insert(0, str(ROOT / "tests/support"))
import shapes


class NewRecipe(Case):
    def setUp(self):
        super().setUp()
        random.seed(17)
        self.before = Path.cwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, self.before)

    def run_weft(self, *words):
        result = weft(*words)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def draft(self, data, *more):
        """The recipe as `weft check --expand` understands it, and what was said; its text is canonical."""
        said = self.run_weft("new", "recipe", data, *more)
        path = re.search(r"^(\S+) is written", said, re.MULTILINE)[1]
        self.run_weft("format", path, "--check")
        return json.loads(self.run_weft("check", path, "--expand")), said, path

    def train(self, path, steps, *more):
        self.run_weft("train", path, "--run", "run", "--threads", "1", "--quiet", "--set", f"stages.0.steps={steps}", *more)
        return json.loads(self.run_weft("eval", "run", "--json"))["results"][0]["metrics"]

    def uses(self, recipe):
        return {name: node["use"].split("@")[0] for name, node in recipe["graph"].items()}

    def class_folders(self, count=40):
        for shape in ("circle", "square"):
            (self.folder / "shapes" / shape).mkdir(parents=True)
            for i in range(count):
                colour = random.choice(list(shapes.COLOURS))
                (self.folder / f"shapes/{shape}/{shape}.{i}.png").write_bytes(shapes.png(colour, shape))

    def test_class_folders_end_in_a_right_class(self):
        self.class_folders()
        recipe, said, path = self.draft("shapes/")
        self.assertEqual(path, "shapes.json")
        self.assertIn('The recipe learns to tell "cls", because it is the class of each sample.\nIt learns from: picture.\n', said)
        self.assertEqual(self.uses(recipe), {"vision": "encoder.resnet", "label": "decoder.classifier"})
        self.assertEqual(recipe["data"]["shapes"]["fields"]["label"]["classes"], ["circle", "square"])
        self.assertIn("// About a tenth of the samples", Path(path).read_text())
        found = json.loads(self.run_weft("data", "stats", "shapes", "--json"))["stats"][0]["splits"]["train"]
        self.assertEqual((found["samples"], sorted(found["fields"])), (80, ["cls", "png"]))
        self.train(path, 60)
        for shape in ("circle", "square"):
            (self.folder / "new.png").write_bytes(shapes.png("red", shape))
            answer = json.loads(self.run_weft("predict", "run", "--picture", "new.png"))
            self.assertEqual(answer["label"]["class"], shape)
        many = self.run_weft("predict", "run", "--input", "shapes").splitlines()
        self.assertEqual(len(many), 80)

    def test_a_target_that_half_of_the_rows_lack_is_optional(self):
        rows = [f"{i % 7},{(3 * i) % 5},{['low', 'high'][i % 2] if i % 3 else ''}" for i in range(90)]
        Path("half.csv").write_text("a,b,label\n" + "\n".join(rows) + "\n")
        recipe, _, path = self.draft("half.csv")
        self.assertTrue(recipe["data"]["half"]["fields"]["label"]["optional"])
        self.assertIn("// 30 of the samples lack it: nothing is learned from those", Path(path).read_text())
        self.assertGreater(self.train(path, 5)["accuracy.accuracy"], 0)

    def test_parts_in_folders_of_their_own(self):
        self.class_folders(6)
        for part in ("train", "validation"):
            shutil.copytree("shapes", f"parts/{part}")
        recipe, said, _ = self.draft("parts", "--out", "deep.json")
        section = recipe["data"]["parts"]
        self.assertEqual(section["shards"]["train"], [str(self.folder / "parts/train")])
        self.assertEqual(section["shards"]["val"], [str(self.folder / "parts/validation")])
        self.assertIsNone(section.get("split"))
        self.assertEqual(recipe["evaluate"]["split"], "val")

    def test_recordings_in_class_folders(self):
        for kind in ("low", "high"):
            (self.folder / "tones" / kind).mkdir(parents=True)
            for i in range(12):
                hertz = random.uniform(200, 300) if kind == "low" else random.uniform(2000, 3000)
                with wave.open(f"tones/{kind}/{i}.wav", "wb") as file:
                    file.setparams((1, 2, 8000, 0, "NONE", ""))
                    file.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(math.tau * hertz * t / 8000)))
                                              for t in range(3000)))
        recipe, said, path = self.draft("tones")
        self.assertEqual(self.uses(recipe), {"hearing": "encoder.conformer", "label": "decoder.classifier"})
        self.assertIn("recordings of up to 0.375 s", said)
        self.train(path, 40)
        answer = json.loads(self.run_weft("predict", "run", "--sound", "tones/low/3.wav"))
        self.assertEqual(answer["label"]["class"], "low")

    def test_texts_with_labels(self):
        rows = ["text,label"]
        for i in range(90):
            good = i % 2
            words = random.sample(["film", "play", "story", "music"], 2)
            rows.append(f'"a {random.choice(["fine", "lovely"] if good else ["dull", "poor"])} {words[0]}, and {words[1]}",{"good" if good else "bad"}')
        Path("reviews.csv").write_text("\n".join(rows))
        recipe, said, path = self.draft("reviews.csv")
        self.assertEqual(self.uses(recipe), {"reading": "encoder.text_transformer", "label": "decoder.classifier"})
        self.assertIn('learns to tell "label", because its name says', said)
        self.train(path, 60)
        answer = json.loads(self.run_weft("predict", "run", "--text", "a lovely play, and music"))
        self.assertEqual(answer["label"]["class"], "good")

    def test_columns_of_numbers(self):
        rows = ["id\twidth\theight\tarea"]
        for i in range(200):
            width, height = random.uniform(1, 9), random.uniform(1, 9)
            rows.append(f"{i}\t{width:.3f}\t{height:.3f}\t{width * height:.4f}")
        Path("fields.tsv").write_text("\n".join(rows))
        # Alphabetically `width` comes last, so the target is said.
        recipe, said, path = self.draft("fields.tsv", "--target", "area")
        self.assertEqual(self.uses(recipe), {"table": "encoder.mlp", "area": "decoder.regression"})
        self.assertEqual(recipe["data"]["fields"]["fields"]["numbers"]["pointer"], ["/height", "/width"])
        self.assertRegex(said, r"\nid +200  a running number\n")
        metrics = self.train(path, 400)
        self.assertLess(metrics["mae.mae"], 0.2)  # in deviations; without the inputs it would be 0.8
        answer = json.loads(self.run_weft("predict", "run", "--numbers", "[3, 5]"))
        self.assertLess(abs(answer["area"]["values"][0] - 15), 3)
        self.refused(["predict", "run", "--numbers", "3"], USAGE, "field numbers: expected a list of 2 numbers such as [1, 2.5]")
        broken = Path("broken.tsv")
        broken.write_text("height\twidth\tarea\n2\ttwo\t3\n")
        self.refused(["predict", "run", "--input", "broken.tsv"], BAD_DATA,
                     'broken.tsv, sample 2: /width: "two" is not a number such as 1.5.')

    def test_shards_and_names_that_a_recipe_cannot_have(self):
        recipe, said, path = self.draft(ROOT / "examples/digits/digits-av-test-000.tar")
        self.assertEqual(path, "digits_av_test_000.json")
        self.assertEqual(self.uses(recipe), {"vision": "encoder.resnet", "hearing": "encoder.conformer", "fusion": "fusion.concat",
                                             "reading": "encoder.text_transformer", "label": "decoder.classifier"})
        self.assertIn("Not used: key, label, mnist_t10k_index, noise,", said)
        Path("T.csv").write_text("Fusion,2 of it\n" + "".join(f"{i % 2},a text of {i}\n" for i in range(9)))
        recipe, said, _ = self.draft("T.csv", "--target", "2 of it", "--out", "t.json")
        self.assertEqual(self.uses(recipe), {"table": "encoder.mlp", "the_2_of_it": "decoder.autoregressive"})
        recipe, _, _ = self.draft("T.csv", "--target", "Fusion", "--out", "u.json")
        self.assertEqual(self.uses(recipe), {"reading": "encoder.text_transformer", "the_fusion": "decoder.regression"})

    def test_what_is_refused(self):
        self.class_folders(3)
        self.refused(["new", "recipe", "nowhere"], NO_INPUT, "weft new recipe: there is no nowhere. Name a folder, a table")
        self.refused(["new", "recipe"], USAGE, "expected recipe DATA | KIND ID [FOLDER]")
        self.refused(["new", "encoder", "acme/encoder.a", "--target", "a"], USAGE, "weft new: --target goes with `weft new recipe`")
        Path("shapes.json").write_text("mine")
        self.refused(["new", "recipe", "shapes"], CANNOT_CREATE, "shapes.json exists already. Name another file with --out")
        # What is there stays where the new one cannot be written whole.
        full = subprocess.run([BUILD / "bin/weft", "new", "recipe", "shapes", "--overwrite"], capture_output=True, text=True,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
        self.assertEqual(full.returncode, 74, full.stderr)
        self.assertIn("shapes.json cannot be written: File too large. Make room on the disk", full.stderr)
        self.assertEqual(Path("shapes.json").read_text(), "mine")
        self.assertEqual([name for name in os.listdir() if name.startswith("shapes.json.")], [])
        Path("flat").mkdir()
        Path("flat/a.png").write_bytes(shapes.png("red", "circle"))
        wrong = weft("new", "recipe", "flat")
        self.assertEqual(wrong.returncode, BAD_DATA)
        self.assertIn("nothing is found that a model could learn to say. Put the files of each class into a folder", wrong.stderr)
        self.assertFalse(Path("flat.json").exists())
        wrong = weft("new", "recipe", "shapes", "--overwrite", "--target", "caption")
        self.assertEqual(wrong.returncode, USAGE)
        self.assertIn('--target: the data has no column "caption". Known: cls.', wrong.stderr)
        Path("t.csv").write_text("a,b\n1\n")
        self.refused(["new", "recipe", "t.csv"], BAD_DATA, "t.csv, line 2: the row has 1 cell, and the first row names 2 columns.")


run()
