"""End-to-end tests of `weft tokenizer`. Usage: tokenizer_test.py BUILD [unittest arguments]"""
import subprocess

from cases import BAD_DATA, BAD_RECIPE, BUILD, CANNOT_CREATE, NO_INPUT, PICTURE, SHARD, USAGE, Case, run, shards, weft

TEXTS = ["the cat sat on the mat", "a cat and a dog", "the dog sat", "mats and cats and dogs"] * 5


class Tokenizers(Case):
    def setUp(self):
        super().setUp()
        self.texts, self.model = self.folder / "texts.txt", self.folder / "a.model"
        self.texts.write_text("\n".join(TEXTS) + "\n\n")

    def made(self, *more):
        result = weft("tokenizer", "train", self.texts, "--out", self.model, "--vocab", 40, *more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def through(self, lines, *words):
        done = subprocess.run([BUILD / "bin/weft", "tokenizer", *map(str, words)], input=lines, capture_output=True, text=True,
                              timeout=3000, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_every_type_is_trained_and_gives_the_text_back(self):
        for kind in ("unigram", "bpe", "word", "char"):
            said = self.made("--type", kind, "--special", "[CLS]", "--special", "[MASK]", "--overwrite")
            self.assertRegex(said, rf"^{self.model} holds \d+ tokens\.\n$")
            ids = self.through("the cat sat\n\n", "encode", self.model)
            self.assertEqual(ids.count("\n"), 2)
            self.assertEqual(self.through(ids, "decode", self.model), "the cat sat\n\n")
            self.assertTrue(self.through("the\n", "encode", self.model, "--pieces").startswith("▁"))
            self.assertEqual(self.through("4 2\n", "decode", self.model), "\n")

    def test_a_recipes_tokenizer_is_the_one_that_training_uses(self):
        result = weft("tokenizer", "train", PICTURE, "--data", "av", "--out", self.model, *shards(SHARD))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotEqual(self.through("It is a prime number.\n", "encode", self.model), "\n")

    def test_wrong_usage(self):
        train = ["tokenizer", "train", self.texts]
        self.refused(["tokenizer", "trian", "x"], USAGE, 'no action is called "trian". Did you mean "train"?')
        self.refused(train, USAGE, "weft tokenizer train: --out FILE is missing.")
        self.refused([*train, "--out", self.model], USAGE, "train: --vocab takes an integer from 8 to 1000000.")
        self.refused([*train, "--out", self.model, "--vocab", 40, "--type", "bpee"], USAGE,
                     "train: --type takes unigram, bpe, word and char.")
        self.refused([*train, "--out", self.model, "--vocab", 40, "--special", "a b"], USAGE, "--special takes at most 64 tokens")
        self.refused([*train, "--out", self.model, "--vocab", 40, "--texts", -1], USAGE, "train: --texts takes a number above 0.")
        self.refused([*train, "--out", self.model, "--vocab", 40, "--pieces"], USAGE, "train: --pieces is not for this action.")
        self.refused([*train, "--out", self.model, "--vocab", 40, "--set", "a=1"], USAGE, "train: --set goes with --data.")
        self.refused(["tokenizer", "encode", "a", "b"], USAGE, "encode: expected one file, found 2.")
        self.refused(["tokenizer", "train", PICTURE, "--out", self.model, "--data", "aw"], USAGE, 'is called "aw". Did you mean "av"?')
        self.refused(["tokenizer", "train", PICTURE, "--out", self.model, "--data", "av", "--type", "bpe"], USAGE,
                     "with --data the recipe says type; set it there, or by --set.")

    def test_bad_input(self):
        train = ["tokenizer", "train", "--out", self.model, "--vocab", 40]
        self.refused([*train, "/nowhere.txt"], NO_INPUT, "The text file /nowhere.txt cannot be opened (No such file or directory). Check the path.")
        self.texts.write_text("\n\n")
        self.refused([*train, self.texts], BAD_DATA, "the text files hold no line with text in it.")
        self.texts.write_text("abcdefghijkl")
        self.refused(["tokenizer", "train", self.texts, "--out", self.model, "--vocab", 9], BAD_RECIPE,
                     "weft tokenizer train: SentencePiece cannot train a unigram model of 9 pieces on 1 texts")
        self.model.write_text("here")
        self.refused([*train, self.texts], CANNOT_CREATE, f"{self.model} exists already. Name another file, or add --overwrite.")
        self.refused(["tokenizer", "encode", self.model], BAD_DATA, "is not a SentencePiece model that is safe to load")
        self.model.write_text("{}")
        self.refused(["tokenizer", "encode", self.model], BAD_DATA, "is no tokenizer.json that is read: /: expected an object with")
        self.refused(["tokenizer", "decode", "/nowhere"], NO_INPUT, "The tokenizer /nowhere cannot be opened")


if __name__ == "__main__":
    run()
