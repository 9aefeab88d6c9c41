"""The page about a run, looked at in a headless Chromium. Usage: report_test.py BUILD_FOLDER [--keep FOLDER, for its pictures]"""
import json
import re

from browser import Browser
from cases import *

ALL_THREE = str(ROOT / "recipes/digits_av.json")
# Contrast of the text of an element to what lies behind it, by WCAG 2.2.
CONTRAST = """(() => {
  const light = c => { const p = c.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                       return .2126 * p[0] + .7152 * p[1] + .0722 * p[2]; };
  const parts = c => c.match(/[0-9.]+/g).map(Number);
  const behind = e => {
    if (!e) return 'rgb(255, 255, 255)';
    const c = parts(getComputedStyle(e).backgroundColor), a = c.length > 3 ? c[3] : 1;
    const under = a < 1 ? parts(behind(e.parentElement)) : c;  // what is translucent lies on it
    return `rgb(${[0, 1, 2].map(i => a * c[i] + (1 - a) * under[i]).join(', ')})`; };
  return [...document.querySelectorAll('p, td, th, h1, h2, h3, small, summary, a, figcaption')].map(e => {
    const style = getComputedStyle(e), a = light(style.color), b = light(behind(e));
    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05); }).reduce((a, b) => Math.min(a, b), 99);
})()"""


class Report(Case):
    def test_the_page_in_both_themes_and_on_a_phone(self):
        stages = json.loads(SHORT[SHORT.index("--set") + 1].removeprefix("stages="))
        stages[0].update(metrics=["accuracy"], eval_every=2)
        stages[0]["train"] += ["audio", "text"]
        run = self.train("run", "--set", "stages=" + json.dumps(stages), recipe=ALL_THREE)
        first = (run / "report.html").read_text()  # of training: without samples
        self.assertIn("weft report", first)
        result = weft("report", run, "--threads", "1", "--count", "6", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        page = run / "report.html"
        html = page.read_text()
        self.assertEqual(json.loads(result.stdout)["bytes"], page.stat().st_size)
        self.assertIn("accuracy.accuracy (val)", html)
        # Six samples each: attention of the picture's encoder over 4 x 4 patches, of the text's behind its words.
        self.assertEqual(html.count("<summary>vision: attention</summary>"), 6)
        self.assertEqual(len(re.findall(r'class="over"><img[^>]*><svg class="map" viewBox="0 0 4 4"[^>]*label="attention of vision', html)), 6)
        self.assertRegex(html, r'aria-label="attention of vision to picture, strongest in row [1-4] of 4, column [1-4] of 4"')
        self.assertRegex(html, r'text: attention</summary><p class="words"><span title="[0-9.]+ %" style="background')
        self.assertIn('class="bad">wrong', html)
        self.assertRegex(html, r"accuracy\.accuracy</th><td class=\"n\">[0-9.]+ \[[0-9.]+, [0-9.]+\]")
        browser = Browser()
        self.addCleanup(browser.close)
        grounds = set()
        for theme in ("light", "dark"):
            for width, height in ((1280, 900), (390, 844)):
                browser.open(page, width, height, theme)
                self.assertEqual(browser.requests(), [page.resolve().as_uri()])
                self.assertEqual(browser.complaints(), [])
                self.assertLessEqual(browser.value("document.documentElement.scrollWidth"), width)
                self.assertGreaterEqual(browser.value(CONTRAST), 4.5, theme)
                self.assertGreaterEqual(browser.value("document.querySelectorAll('svg[role=img][aria-label]').length"), 5)
                self.assertEqual(browser.value("document.querySelectorAll('article').length"), 6)
                self.assertEqual(browser.value("document.querySelectorAll('article audio[controls]').length"), 6)
                self.assertTrue(browser.value("[...document.querySelectorAll('img')].every(i => i.complete && i.naturalWidth > 0)"))
                self.assertEqual(browser.value("document.querySelectorAll('[onclick], [onmouseover], script').length"), 0)
                grounds.add(browser.value("getComputedStyle(document.body).backgroundColor"))
                if os.environ.get("WEFT_KEEP_PICTURES"):
                    browser.picture(Path(os.environ["WEFT_KEEP_PICTURES"]) / f"report-{theme}-{width}.png")
        self.assertEqual(len(grounds), 2)
        # By keyboard alone: the first thing that closes is opened with Enter.
        browser.value("document.querySelector('summary').focus()")
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r" if kind == "keyDown" else "")
        self.assertTrue(browser.value("document.querySelector('details').open"))

    def test_what_was_forecast_stands_beside_what_it_took(self):
        run = self.train("run", "--set", "stages.fit.steps=9", "--set", "stages.fit.save_every=4")
        events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
        plans = [event for event in events if event["event"] == "plan"]
        self.assertEqual([plan["stage"] for plan in plans], ["fit"])
        self.assertEqual([event.get("step") for event in events[events.index(plans[0]):]][:2], [None, 7])  # after the seventh step
        result = weft("plan", PICTURE, *(word for word in SHORT if word != "--quiet"), *shards(SHARD), "--set", "stages.fit.steps=9", "--set", "stages.fit.save_every=4", "--json",
                      "--steps", "0")
        self.assertEqual(result.returncode, 0, result.stderr)
        stage = json.loads(result.stdout)["stages"][0]
        self.assertEqual(plans[0]["flops"], stage["flops_per_step"])
        for key in ("parameters", "trainable"):
            self.assertEqual(plans[0][key], stage[key], key)
        for kind in ("weights", "optimizer", "gradients", "activations", "saved"):
            self.assertAlmostEqual(plans[0]["memory"][kind], stage["memory"][kind], delta=0.1 * stage["memory"][kind] + 65536, msg=kind)
        nodes = {node["name"]: node["flops_forward"] + node["flops_backward"] for node in stage["nodes"]}
        self.assertEqual({name: part["flops"] for name, part in plans[0]["parts"].items()}, nodes)
        self.assertGreater(plans[0]["parts"]["vision"]["forward_seconds"], 0)
        self.assertGreater(plans[0]["parts"]["vision"]["backward_seconds"], 0)
        page = (run / "report.html").read_text()
        peak = next(event for event in events if event["event"] == "done")["peak_memory"] / 2**20
        self.assertRegex(page, rf'peak memory, MiB</th><td class="n">[0-9.]+</td><td class="n">{peak:.1f}</td><td class="n">[0-9.]+</td>')
        self.assertIn("FLOP/s", page)
        self.assertRegex(page, r'<th scope="row">vision</th><td class="n">[0-9.]+</td>')
        # A run goes on: what was said at its beginning stands.
        weft("train", PICTURE, "--run", run, *SHORT, *shards(SHARD), "--set", "stages.fit.steps=12", "--resume")
        self.assertEqual((run / "events.jsonl").read_text().count('"event":"plan"'), 1)

    def test_gates_and_what_is_attended_to(self):
        stages = json.loads(SHORT[SHORT.index("--set") + 1].removeprefix("stages="))
        stages[0]["train"] += ["audio", "text"]
        run = self.train("gated", "--set", "stages=" + json.dumps(stages), recipe=str(ROOT / "recipes/digits_av_gated_cross_attention.json"))
        result = weft("report", run, "--threads", "1", "--count", "2")
        self.assertEqual(result.returncode, 0, result.stderr)
        html = (run / "report.html").read_text()
        self.assertEqual(html.count("<summary>fusion: attention</summary>"), 2)
        # The query is the picture; its contexts share what it asks.
        shares = [int(share) for share in re.findall(r"<small>(?:voice|text): ([0-9]+) %</small>", html)]
        self.assertEqual(len(shares), 4)
        for at in (0, 2):
            self.assertIn(shares[at] + shares[at + 1], (99, 100, 101))
        self.assertIn('class="strip"', html)
        gates = re.search(r"fusion: how far its gates are open</summary><table>(.*?)</table>", html, re.S)[1]
        self.assertEqual(re.findall(r'scope="row">([a-z]+)</th><td class="n">0\.[0-9]+', gates), ["voice", "text"])

    def test_a_long_run_s_page_is_small(self):
        run = self.train("run")
        step = json.loads(next(line for line in (run / "events.jsonl").read_text().splitlines() if '"step"' in line and '"losses"' in line))
        with (run / "events.jsonl").open("a") as events:
            for number in range(5, 10_001):
                events.write(json.dumps({**step, "step": number, "losses": {"ce": 1 / number, "total": 1 / number}}) + "\n")
        result = weft("report", run, "--threads", "1", "--count", "1")
        self.assertEqual(result.returncode, 0, result.stderr)
        html = re.sub(r'data:[a-z/]+;base64,[^"]*', "", (run / "report.html").read_text())
        self.assertIn("10000 steps", html)
        self.assertLess(len(html), 2_000_000)

    def test_tensorboard_files_and_words_at_both_ends(self):
        run = self.folder / "told"
        words = [word for word in SHORT if word != "--quiet"]
        result = weft("train", PICTURE, "--run", run, *words, *shards(SHARD), "--tensorboard")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"run {run}\nstage fit: steps 1 to 4 on av (93 examples), trains ", result.stderr)
        self.assertIn(f"Next: `weft report {run}`", result.stderr)
        files = list((run / "tensorboard").iterdir())
        self.assertEqual(len(files), 1)
        self.assertEqual(files[0].read_bytes().count(b"fit/loss/total"), 4)
        self.assertFalse((self.train("quiet") / "tensorboard").exists())

    def test_what_is_no_run_is_refused(self):
        self.refused(["report", self.folder], NO_INPUT, "is no run folder")
        self.refused(["report", self.folder, "--count", "0"], USAGE, "--count takes 1 to 1000, found 0.")


if __name__ == "__main__":
    run()
