"""What is wrong with one field hides neither wrong wires nor tells what follows from it. Usage: faulty_fields_test.py BUILD_FOLDER"""
from check_cases import *


class FaultyFields(Check):
    def told(self, **changes):
        recipe = small()
        for path, value in changes.items():
            *above, last = path.split("__")
            place = recipe
            for key in above:
                place = place[key]
            place[last] = value
        return self.problems(recipe)

    FAULT = {"data__av__fields__picture__sise": 3}
    TOLD = '/data/av/fields/picture/sise: unknown key. Did you mean "size"?'

    def test_a_wire_to_a_field_that_is_not_there_is_told_beside_it(self):
        lines = self.told(**self.FAULT, losses__ce__in__target="batch.lable")
        self.assert_told(lines, self.TOLD, '/losses/ce/in/target: no data has a field "lable". Did you mean "label"?')

    def test_also_by_a_node_that_reads_the_faulty_one(self):
        lines = self.told(**self.FAULT, graph__vision__in={"image": "batch.picture", "masked": "batch.lable_masked"})
        self.assert_told(lines, self.TOLD, '/graph/vision/in/masked: no data has a field "lable_masked".')

    def test_the_faulty_field_is_known_with_what_it_makes(self):
        lines = self.told(**self.FAULT, graph__vision__in={"image": "batch.picture", "masked": "batch.picture_masked"})
        self.assert_told(lines, self.TOLD)

    def test_a_misspelt_wire_finds_the_faulty_field(self):
        lines = self.told(**self.FAULT, graph__vision__in="batch.pictur")
        self.assert_told(lines, self.TOLD, '/graph/vision/in: no data has a field "pictur". Did you mean "picture"?')

    def test_where_the_fields_are_not_known_no_wire_is_blamed(self):
        recipe = small()
        recipe["data"]["av"]["feilds"] = recipe["data"]["av"].pop("fields")
        self.assert_told(self.problems(recipe), "/data/av/feilds: unknown key", '/data/av: missing key "fields"')


if __name__ == "__main__":
    run()
