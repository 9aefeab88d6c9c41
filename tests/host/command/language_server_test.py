"""weft language-server: what an editor is told of a recipe, message by message. Usage: language_server_test.py BUILD_FOLDER"""
import json
import subprocess

from cases import *

CLOTHES = ROOT / "recipes/clothes.json"


class Editor:
    """A client of the protocol: sends messages, reads what comes."""

    def __init__(self, *arguments):
        self.server = subprocess.Popen([BUILD / "bin/weft", "language-server", *arguments], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.id = 0

    def send(self, method, params=None, **more):
        text = json.dumps({"jsonrpc": "2.0", "method": method, "params": params or {}, **more}).encode()
        self.raw(b"Content-Length: %d\r\n\r\n%b" % (len(text), text))

    def raw(self, data):
        self.server.stdin.write(data)
        self.server.stdin.flush()

    def read(self):
        head = self.server.stdout.readline()
        assert head.startswith(b"Content-Length: "), head
        assert self.server.stdout.readline() == b"\r\n"
        return json.loads(self.server.stdout.read(int(head.split()[1])))

    def ask(self, method, params=None):
        self.id += 1
        self.send(method, params, id=self.id)
        answer = self.read()
        assert answer["id"] == self.id, answer
        return answer

    def close(self):
        self.server.kill()
        for stream in (self.server.stdin, self.server.stdout, self.server.stderr):
            stream.close()
        self.server.wait()

    def end(self):
        out, err = self.server.communicate(timeout=60)
        return self.server.returncode, out, err.decode()


class Server(Case):
    def setUp(self):
        super().setUp()
        self.editor = Editor()
        self.addCleanup(self.editor.close)
        self.capabilities = self.editor.ask("initialize", {"capabilities": {}})["result"]["capabilities"]
        self.editor.send("initialized")

    def recipe(self, *changes, name="a b.json"):
        text = CLOTHES.read_text().replace("../examples", str(ROOT / "examples"))
        for before, now in changes:
            self.assertIn(before, text)
            text = text.replace(before, now, 1)
        (self.folder / name).write_text(text)
        return self.folder / name

    def shown(self, path, method="textDocument/didOpen"):
        self.editor.send(method, {"textDocument": {"uri": path.as_uri()}})
        told = self.editor.read()
        self.assertEqual(told["method"], "textDocument/publishDiagnostics")
        return told["params"]

    def test_a_sound_recipe_shows_nothing_and_a_mistake_its_place(self):
        path = self.recipe()
        self.assertEqual(self.shown(path), {"uri": path.as_uri(), "diagnostics": []})
        self.recipe(('"weight_decay"', '"wieght_decay"'))
        told, = self.shown(path, "textDocument/didSave")["diagnostics"]
        line = next(i for i, text in enumerate(path.read_text().splitlines()) if "wieght_decay" in text)
        begin = path.read_text().splitlines()[line].index("wieght_decay")
        self.assertEqual(told["range"], {"start": {"line": line, "character": begin}, "end": {"line": line, "character": begin + 12}})
        self.assertEqual((told["severity"], told["source"]), (1, "weft"))
        self.assertIn("unknown key", told["message"])
        self.editor.send("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})
        self.assertEqual(self.editor.read()["params"]["diagnostics"], [])

    def test_a_certain_fix_is_a_quick_fix(self):
        self.assertEqual(self.capabilities["codeActionProvider"], {"codeActionKinds": ["quickfix"]})
        path = self.recipe(('"encoder.vit"', '"encoder.vt"'))
        told = self.shown(path)["diagnostics"]
        actions = self.editor.ask("textDocument/codeAction", {"textDocument": {"uri": path.as_uri()}, "range": told[0]["range"],
                                                              "context": {"diagnostics": told}})["result"]
        edits = [edit for action in actions for edit in action["edit"]["changes"][path.as_uri()]]
        lines = path.read_text().splitlines()
        for edit in edits:
            row, begin, end = edit["range"]["start"]["line"], edit["range"]["start"]["character"], edit["range"]["end"]["character"]
            lines[row] = lines[row][:begin] + edit["newText"] + lines[row][end:]
        path.write_text("\n".join(lines))
        self.assertEqual(self.shown(path, "textDocument/didSave")["diagnostics"], [])

    def test_a_mistake_of_what_it_extends_is_shown_in_that_file(self):
        base = self.recipe(('"weight_decay"', '"wieght_decay"'), name="b\u00e4se 1.json")
        path = self.folder / "r.json"
        path.write_text('{"format": 2, "extends": "b\u00e4se 1.json"}', encoding="utf-8")
        told = {one["uri"]: one["diagnostics"] for one in (self.shown(path), self.editor.read()["params"])}
        self.assertEqual(told[path.as_uri()], [])
        self.assertEqual(len(told[base.as_uri()]), 1)
        self.recipe(name="b\u00e4se 1.json")
        told = {one["uri"]: one["diagnostics"] for one in (self.shown(path, "textDocument/didSave"), self.editor.read()["params"])}
        self.assertEqual(told, {path.as_uri(): [], base.as_uri(): []})

    def test_what_cannot_be_read_has_its_sentence(self):
        told, = self.shown(self.folder / "nowhere.json")["diagnostics"]
        self.assertIn("nowhere.json", told["message"])
        path = self.folder / "r.json"
        path.write_text("{")
        self.assertEqual(len(self.shown(path)["diagnostics"]), 1)

    def test_requests_it_does_not_know_are_answered_so(self):
        self.assertEqual(self.editor.ask("textDocument/hover")["error"]["code"], -32601)
        self.editor.send("$/setTrace", {"value": "off"})  # a notification: no answer
        self.editor.raw(b"Content-Length: 2\r\nContent-Type: x\r\n\r\n[]")
        self.assertEqual(self.editor.read()["error"]["code"], -32700)
        self.editor.send("textDocument/didOpen", {"textDocument": {"uri": "untitled:1"}})
        self.assertEqual(self.editor.ask("shutdown", [1])["error"]["code"], -32600)
        self.assertEqual(self.editor.ask(7)["error"]["code"], -32600)
        self.assertIsNone(self.editor.ask("shutdown")["result"])

    def test_it_ends_as_the_protocol_says(self):
        self.editor.ask("shutdown")
        self.editor.send("exit")
        self.assertEqual(self.editor.end(), (0, b"", ""))

    def test_an_editor_that_goes_away_ends_it(self):
        code, out, err = self.editor.end()
        self.assertEqual((code, out), (1, b""))
        self.assertIn("without a shutdown request", err)

    def test_what_is_no_message_ends_it(self):
        for data, text in ((b"Content-Length: many\r\n\r\n", "is no length"), (b"\r\n", "needs a Content-Length"),
                           (b"Content-Length: 99\r\n\r\n{}", "ends before")):
            with self.subTest(data=data):
                editor = Editor()
                self.addCleanup(editor.close)
                editor.raw(data)
                code, _, err = editor.end()
                self.assertEqual(code, USAGE)
                self.assertIn(text, err)


run()
