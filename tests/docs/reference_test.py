"""Each public name of the C++ layer and of libweft has a comment that Doxygen understands."""
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def warnings(*inputs):
    with tempfile.TemporaryDirectory() as folder:
        settings = (ROOT / "docs/Doxyfile").read_text() + f"""
            INPUT = {' '.join(map(str, inputs))}
            EXCLUDE = sdk/include/weft/abi.h sdk/include/weft/drafts.h
            OUTPUT_DIRECTORY = {folder}
            WARN_IF_UNDOCUMENTED = YES
            WARN_IF_DOC_ERROR = YES
            """
        result = subprocess.run(["doxygen", "-"], input=settings, capture_output=True, text=True, cwd=ROOT, check=True)
        return [line for line in result.stderr.splitlines() if line.strip()]


class Reference(unittest.TestCase):
    def test_public_names_are_documented(self):
        self.assertEqual(warnings("sdk/include/weft"), [])

    def test_a_name_without_a_comment_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            header = Path(folder) / "bare.hpp"
            header.write_text("/// A thing.\nstruct Thing {\n  int size;\n};\n")
            (warning,) = warnings(folder)
            self.assertIn("Member size (variable) of struct Thing is not documented.", warning)


if __name__ == "__main__":
    unittest.main(verbosity=2)
