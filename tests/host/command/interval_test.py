"""weft eval --interval: every metric's interval, in the table and as JSON. Usage: interval_test.py BUILD_FOLDER"""
import json

from cases import *


class Intervals(Case):
    def evaluated(self, run, *more):
        result = weft("eval", run, "--json", *more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)["results"][0]

    def test_every_metric_has_one(self):
        run = self.train("run")
        plain = self.evaluated(run)
        self.assertNotIn("intervals", plain)
        first = self.evaluated(run, "--interval", "40")
        self.assertEqual(first["metrics"], plain["metrics"])
        self.assertEqual(set(first["intervals"]), set(first["metrics"]))
        for name, (low, high) in first["intervals"].items():
            self.assertLessEqual(low, high, name)
        self.assertEqual(self.evaluated(run, "--interval", "40")["intervals"], first["intervals"])
        other = self.evaluated(run, "--interval", "41")["intervals"]
        self.assertNotEqual(other, first["intervals"])
        kept = self.evaluated(run, "--set", 'evaluate.interval={"bootstrap": 40}')
        self.assertEqual(kept["intervals"], first["intervals"])
        table = weft("eval", run, "--interval", "40").stdout
        self.assertRegex(table, r"\d\.\d{3} \[\d\.\d{3}, \d\.\d{3}\]")

    def test_too_few_drawings_are_refused(self):
        for found in ("3", "-5", "0", "1000001"):
            self.refused(["eval", "run", "--interval", found], USAGE,
                         f"weft eval: --interval takes a number from 10 to 1000000, found {found}.")


if __name__ == "__main__":
    run()
