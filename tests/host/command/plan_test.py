"""weft plan: the graph, parameters, FLOPs, memory and time of a recipe before it is trained. Usage: plan_test.py BUILD_FOLDER"""
import json
import xml.etree.ElementTree as xml

from cases import *

SMALL = [*(word for word in SHORT if word != "--quiet"), *shards(SHARD)]


class Plan(Case):
    def planned(self, *more, recipe=PICTURE):
        result = weft("plan", recipe, *SMALL, "--json", *more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def nodes(self, *more):
        return {node["name"]: node for node in self.planned("--steps", "0", *more)["stages"][0]["nodes"]}

    def test_the_linear_head_has_the_flops_of_its_product(self):
        batch = 8
        node = self.nodes(f"stages.0.batch_size={batch}")["digit"]
        classes, dim = node["outputs"][0]["sizes"][1], 64
        self.assertEqual(node["outputs"][0]["sizes"], [batch, 10])
        products = node["flops_forward"] / (2 * batch * dim)  # over all products of the part, whose last has the classes
        self.assertGreaterEqual(products, classes)
        twice = self.nodes(f"stages.0.batch_size={2 * batch}")["digit"]
        self.assertEqual(twice["flops_forward"], 2 * node["flops_forward"])
        self.assertEqual(twice["flops_backward"], 2 * node["flops_backward"])
        self.assertEqual(node["flops_backward"], 2 * node["flops_forward"])

    def test_what_is_frozen_trains_nothing_and_keeps_nothing(self):
        whole, frozen = self.planned("--steps", "0")["stages"][0], self.planned("--steps", "0", 'stages.0.freeze=["vision"]')["stages"][0]
        self.assertEqual(whole["trainable"], sum(node["parameters"] for node in whole["nodes"]))
        vision = next(node for node in frozen["nodes"] if node["name"] == "vision")
        self.assertEqual((vision["trainable"], vision["flops_backward"]), (0, 0))
        self.assertEqual(frozen["trainable"], frozen["parameters"] - vision["parameters"])
        self.assertEqual(whole["memory"]["gradients"], 4 * whole["trainable"])
        self.assertEqual(frozen["memory"]["gradients"], 4 * frozen["trainable"])
        self.assertLess(frozen["memory"]["optimizer"], whole["memory"]["optimizer"])
        self.assertLess(frozen["memory"]["activations"], whole["memory"]["activations"])

    def test_memory_adds_up(self):
        for save_every, beside in ((2, True), (0, False), (4, False)):  # of 4 steps
            memory = self.planned("--steps", "0", f"stages.0.save_every={save_every}")["stages"][0]["memory"]
            step, save = memory["gradients"] + memory["activations"], memory["saved"]
            self.assertIs(memory["saves_beside_steps"], beside)
            self.assertEqual(memory["peak"], memory["process"] + memory["weights"] + memory["optimizer"]
                             + (step + save if beside else max(step, save)))
            self.assertGreater(memory["process"], 50 * 2**20, "LibTorch alone")

    def test_time_is_measured_where_it_is_asked_for(self):
        plan = self.planned("--steps", "0")
        self.assertNotIn("seconds", plan)
        self.assertNotIn("seconds_per_step", plan["stages"][0])
        plan = self.planned("--steps", "2")
        stage = plan["stages"][0]
        self.assertAlmostEqual(plan["seconds"], stage["seconds_per_step"] * stage["steps"])
        self.assertFalse((self.folder / "runs").exists())

    def test_the_text_names_nodes_wires_and_shapes(self):
        result = weft("plan", PICTURE, *SMALL, "--steps", "0")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"vision +encoder\.vit +batch\.picture.* tokens \[8, ")
        self.assertRegex(result.stdout, r"total +\d+ +\d+ +[\d.]+ [MG]")
        self.assertIn("memory: ", result.stdout)
        self.assertNotIn("time: ", result.stdout)

    def test_the_picture_has_a_box_for_each_node_and_a_view_is_dashed(self):
        picture = self.folder / "graph.svg"
        result = weft("plan", PICTURE, *SMALL, "--steps", "0", "--json", "--svg", picture, 'views={"teacher": {"weights": {"frozen": "begin"}}}',
                      'losses.same={"use": "loss.mse", "in": {"prediction": "digit", "target": "teacher:digit.logits"}}', "stages.0.losses.same=1")
        self.assertEqual(result.returncode, 0, result.stderr)
        nodes = json.loads(result.stdout)["stages"][0]["nodes"]
        space = "{http://www.w3.org/2000/svg}"
        root = xml.parse(picture).getroot()
        self.assertEqual(len(root.findall(space + "rect")), len(nodes))
        titles = [text.text for text in root.findall(space + "text") if text.get("class") == "t"]
        self.assertEqual(titles, [node["name"] for node in nodes])
        dashed = [box for box in root.findall(space + "rect") if box.get("class") == "v"]
        self.assertEqual(len(dashed), sum(node["view"] != "" for node in nodes))
        self.assertGreater(len(dashed), 0)

    def test_what_is_wrong_gets_its_sentence(self):
        self.refused(["plan", PICTURE, "--steps", "-1"], USAGE, "weft plan: --steps takes 0 or more.")
        self.refused(["plan", self.folder / "none.json"], NO_INPUT, "none.json")


if __name__ == "__main__":
    run()
