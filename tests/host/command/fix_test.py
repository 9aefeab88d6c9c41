"""weft check --json in the form that editors take, and check --fix. Usage: fix_test.py BUILD_FOLDER"""
import json

from cases import *


class Fixes(Case):
    def recipe(self, *changes, of=PICTURE):
        text = Path(of).read_text().replace("../examples", str(ROOT / "examples")).replace("../schemas", str(ROOT / "schemas"))
        extends = json.loads(text).get("extends")
        if extends:
            text = text.replace(f'"{extends}"', json.dumps(str(ROOT / "recipes" / extends)))
        for before, now in changes:
            self.assertIn(before, text)
            text = text.replace(before, now, 1)
        path = self.folder / "r.json"
        path.write_text(text)
        return path

    def test_diagnostics_name_line_column_and_fix(self):
        path = self.recipe(('"optimizer"', '"optimzer"'), of=ROOT / "recipes/clothes.json")
        result = weft("check", path, "--json")
        self.assertEqual(result.returncode, BAD_RECIPE)
        told = json.loads(result.stdout)
        self.assertEqual(told["error"]["exit"], BAD_RECIPE)
        line = next(i for i, text in enumerate(path.read_text().splitlines(), 1) if "optimzer" in text)
        fixes = [one for one in told["diagnostics"] if "fix" in one]
        self.assertEqual(len(fixes), 1)
        one = fixes[0]
        column = path.read_text().splitlines()[line - 1].index("optimzer") + 1
        self.assertEqual((one["file"], one["line"], one["column"], one["severity"]), (str(path), line, column - 1, "error"))
        self.assertEqual(one["fix"], {"column": column, "text": "optimzer", "with": "optimizer"})
        self.assertIn("unknown key", one["message"])
        self.assertEqual(one["source"], "weft")
        self.assertEqual(one["range"], {"start": {"line": line - 1, "character": column - 1}, "end": {"line": line - 1, "character": column + 7}})

    def test_ranges_count_as_editors_do(self):
        path = self.recipe(('"name": ', '/* a \U0001d11e \u00e9 */ "sead": 3, "name": '))  # two units and one of UTF-16, four bytes and two
        result = weft("check", path, "--json")
        self.assertEqual(result.returncode, BAD_RECIPE)
        one, = json.loads(result.stdout)["diagnostics"]
        text = path.read_text().splitlines()[one["line"] - 1]
        begin = len(text[:text.index("sead")].encode("utf-16-le")) // 2
        self.assertEqual([one["range"][end]["character"] for end in ("start", "end")], [begin, begin + 4])

    def test_a_place_in_a_list_is_where_the_element_begins(self):
        path = self.recipe(('"size": [48, 48]', '"size": [48, 0]'), of=ROOT / "recipes/clothes.json")
        told = json.loads(weft("check", path, "--json").stdout)["diagnostics"]
        one = next(one for one in told if one["pointer"].endswith("/size/1"))
        line = path.read_text().splitlines()[one["line"] - 1]
        self.assertEqual(one["column"], line.index(" 0]") + 2)
        self.assertEqual([one["range"][end]["character"] for end in ("start", "end")], [one["column"] - 1, one["column"]])

    def test_what_is_certain_is_written_and_comments_stay(self):
        sound = self.recipe(('"graph"', '// the model\n  "graph"'), of=ROOT / "recipes/clothes.json").read_text()
        self.assertEqual(weft("check", self.folder / "r.json").returncode, 0)
        path = self.recipe(('"graph"', '// the model\n  "graph"'), ('"optimizer"', '"optimzer"'), ('"encoder.vit"', '"encoder.vt"'),
                           ('"in": "vision"', '"in": "visoin"'), ('"weight_decay"', '"wieght_decay"'), of=ROOT / "recipes/clothes.json")
        result = weft("check", path, "--fix")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(path.read_text(), sound)
        self.assertIn('"optimzer" is "optimizer" now', result.stderr)
        self.assertIn("is sound", result.stdout)

    def test_a_link_stays_one_and_permissions_stay(self):
        path = self.recipe(('"optimizer"', '"optimzer"'), of=ROOT / "recipes/clothes.json")
        path.chmod(0o640)
        link = self.folder / "link.json"
        link.symlink_to(path)
        self.assertEqual(weft("check", link, "--fix").returncode, 0)
        self.assertTrue(link.is_symlink())
        self.assertEqual(path.stat().st_mode & 0o777, 0o640)
        self.assertIn('"optimizer"', path.read_text())

    def test_what_is_not_certain_is_left(self):
        path = self.recipe(('"optimizer"', '"optmzer"'), of=ROOT / "recipes/clothes.json")  # two letters away
        before = path.read_text()
        self.assertEqual(weft("check", path, "--fix").returncode, BAD_RECIPE)
        self.assertEqual(path.read_text(), before)

    def test_two_names_as_near_are_both_told_and_neither_is_taken(self):
        path = self.recipe(('"in": "vision"', '"in": "eye"'), ('"vision": {', '"eyed": {"use": "encoder.vit", "in": "batch.picture", "config": {"patch": 6}},\n    "eyes": {'),
                           of=ROOT / "recipes/clothes.json")
        before = path.read_text()
        result = weft("check", path, "--fix")
        self.assertEqual(result.returncode, BAD_RECIPE)
        self.assertIn('Did you mean "eyed" or "eyes"?', result.stderr)
        self.assertEqual(path.read_text(), before)

    def test_renamed_keys_get_their_names(self):
        for name in ("shipped.json", "task.json"):
            text = (ROOT / "tests/compat" / name).read_text()
            self.assertIn('"recipe": 1', text)
            (self.folder / name).write_text(text.replace("../../examples", str(ROOT / "examples")))
        path = self.folder / "shipped.json"
        result = weft("check", path, "--fix")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("has the keys of format 2 now", result.stderr)
        self.assertIn('"format": 2', path.read_text())


if __name__ == "__main__":
    run()
