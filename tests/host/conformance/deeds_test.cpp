// SPDX-License-Identifier: Apache-2.0
/// Each deed that no plug-in may do is found by the test that is there for it, in words of its own;
/// the same file without a deed passes everything.

#include <gmock/gmock.h>
#include <stdlib.h>

#include <algorithm>
#include <set>

#include "host/conformance/catalogue.hpp"
#include "host/conformance/checker.hpp"

namespace weft::host {
namespace {

struct Deed {
  const char* name;
  const char* test;  ///< that must find it
  const char* text;  ///< what it must say
  const char* file = "deed";
};

void PrintTo(const Deed& deed, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << deed.name;
}

CheckReport check_deed(const char* name, const std::string& file, int level,
                       std::chrono::milliseconds limit) {
  ::setenv("WEFT_TEST_DEED", name, 1);
  CheckRequest request;
  request.file = std::string(WEFT_BINARY_DIR) + "/tests/host/conformance/doubles/" + file + ".so";
  request.level = level;
  request.limit = limit;
  CheckReport report = check_plugin(request);
  ::unsetenv("WEFT_TEST_DEED");
  return report;
}

int level_of(const std::string& name) {
  for (const host::Test& test : catalogue())
    if (test.name == name) return test.level;
  return highest_check_level;
}

class Deeds : public testing::TestWithParam<Deed> {};

TEST_P(Deeds, AreFoundByTheirTest) {
  const Deed& deed = GetParam();
  const bool hangs = std::string(deed.name) == "hang";
  const CheckReport report = check_deed(deed.name, deed.file, level_of(deed.test),
                                        std::chrono::milliseconds(hangs ? 1500 : 20000));
#ifdef __SANITIZE_ADDRESS__
  if (std::string(deed.test) == "memory") {
    EXPECT_THAT(report.tests.back().text, testing::HasSubstr("does not count"));
    return;
  }
#endif
  EXPECT_NE(report.exit, Exit::ok);
  for (const TestResult& test : report.tests) {
    if (test.name != deed.test) continue;
#ifdef __SANITIZE_ADDRESS__
    // Of a fault of memory the sanitiser may end the process first, in this test or in one before.
    const auto ended = [](const TestResult& one) {
      return one.text.find("ended the process (exit code 1)") != std::string::npos;
    };
    if (std::any_of(report.tests.begin(), report.tests.end(), ended)) return;
#endif
    EXPECT_EQ(test.outcome, TestOutcome::failed);
    EXPECT_THAT(test.text, testing::HasSubstr(deed.text));
    EXPECT_THAT(test.contract, testing::MatchesRegex("(abi|drafts)[.]h, .*"));
    EXPECT_THAT(test.remedy, testing::EndsWith("."));
    return;
  }
  FAIL() << "no test is called " << deed.test;
}

const Deed all[] = {
    {"", "manifest", "holds no manifest", "unsealed"},
    {"", "loads", "is by \"tests\" and claims fusion.deed: ids without a vendor are Weft's own",
     "foreign_id"},
    {"", "symbols", "besides weft_plugin_v0: ", "extra_symbol"},
    {"", "symbols", "it has the GNU-unique symbol ", "unique_symbol"},
    {"", "segments", "an executable stack", "executable_stack"},
    {"", "segments", "its code has relocations", "text_relocation"},
    {"", "needs", "it needs libcrypto.so", "needy"},
    {"segfault_at_load", "loads", "deed.so killed the process that looked at it (SIGSEGV)"},
    {"hang_at_load", "loads", "deed.so did not let go within 5 s"},
    {"throw_across", "call", "an exception crossed the plug-in border: nobody catches this"},
    {"segfault", "call",
     "the plug-in killed the process: SIGSEGV inside deed.so, part tests/fusion.deed (part), entry "
     "call"},
    {"hang", "call", "the plug-in did not return within 1.5 s from call"},
    {"leave", "call", "the plug-in ended the process (exit code 0)"},
    {"fail_silently", "call", "it failed without giving a reason (status 7"},
    {"give_lent", "call", "it wrote a handle to its outputs that it was only lent"},
    {"wrong_shape", "shapes",
     "output \"out\" [B, N, D] is [2, 4, 3]; its ports and infer say [2, 3, 4]"},
    {"wrong_dtype", "shapes", "output \"out\" is of type int64, which its port does not name"},
    {"modify_input", "untouched", "the call changed its input \"x\""},
    {"modify_parameter", "untouched", "a call that does not train changed \"scale\""},
    {"keep_tensor", "handles", "it keeps 1 tensor between calls"},
    {"keep_handle", "handles",
     "it gave the host a tensor that it neither holds nor was lent, in call "},
    {"keep_handle_for_list", "handles",
     "it gave an operation a tensor that it neither holds nor was lent, in call "},
    {"migrate_silently", "migrate", "it failed without giving a reason"},
    {"leak_in_migration", "migrate",
     "migrate() from state version 1 keeps 1 tensors that it was given"},
    {"release_twice", "handles", "it released a tensor that it does not hold, in call 1"},
    {"leak_tensor", "handles", "it holds 100 tensors after 100 calls and 1 after the first"},
    {"leak_memory", "memory", "bytes in 1000 calls; expected at most 1048576"},
    {"write_past_out", "bounds", "wrote past the ends of weft_call.out, which has 1 slot"},
    {"write_past_data", "bounds",
     "wrote past the ends of a tensor's memory: behind a tensor float32"},
    {"start_thread", "threads", "1 thread more after loading, creating and calling it"},
    {"leave_file", "files", "files open after it was unloaded"},
    {"wrong_gradient", "gradients", "the gradient of input \"x\" is"},
    {"ignore_strides", "strides", "with inputs whose elements are not contiguous"},
    {"count_calls", "repeatable", "when the same call is made again, not training"},
    {"global_scratch", "two_threads", "while another instance runs on another thread"},
    {"mix_samples", "samples", "for a sample without its neighbour"},
    {"mix_in_training", "micro_batches", "in training, for a sample whose neighbours are others"},
    {"refuse_batch", "batches",
     "a batch of 3 is refused: part (tests/fusion.deed 1.0.0): the batch must be even"},
    {"round_badly", "bfloat16", "in bfloat16"},
    {"own_random", "recompute", "when the same call is made again, training, with the same seed"},
    {"other_grad_mode", "recorded", "while nothing is recorded for backward"},
    {"hidden_weight", "state", "in a second instance with the first one's parameters"},
    {"ignore_status", "failing_host", "call() returns success, but"},
    {"ignore_create", "failing_host_in_create",
     "create() returned success though the host failed at its call 5"},
    {"compare_size", "longer_structs", "with structs that are longer than it knows"},
    {"compare_table_size", "longer_structs", "with structs that are longer than it knows"},
    {"any_role", "unknown_values", "a call with the unknown role 99 was answered with success"},
    {"any_extension", "unknown_values", "gives a table for an id that it cannot know"},
    {"crash_unordered", "out_of_order", "SIGSEGV inside deed.so"},
    {"another_entry", "entered_again", "gave another descriptor when it was called again"},
    {"take_null_host", "entered_again",
     "weft_plugin_v0 with a null host was answered with WEFT_OK; expected WEFT_INVALID"},
    {"take_null_out", "entered_again", "weft_plugin_v0 with a null place for the descriptor"},
    {"take_any_host", "entered_again",
     "with a host of another major version was answered with WEFT_OK; expected WEFT_UNSUPPORTED"},
    {"create_before_init", "before_init", "entry create"},
    {"refuse_with_another_status", "out_of_order",
     "call without an instance, before create, was answered with WEFT_FAILED; expected "
     "WEFT_INVALID"},
    {"take_null_self", "out_of_order", "entry create without a place for the instance"},
    {"take_null_call", "out_of_order", "entry call without a weft_call"},
    {"take_null_migration", "out_of_order",
     "migrate without an instance and tensors, before create, was answered with WEFT_OK"},
    {"stay_loaded", "reloads", "it stays in memory after it was unloaded, the first of 50 times"},
    {"refuse_without_reason", "refuses", "was refused, but it failed without giving a reason"},
    {"demand_config", "created", "key is missing"},
    {"leak_in_backward", "handles", "it holds 100 tensors after 100 calls and 1 after the first",
     "loss"},
    {"detach_inside", "double_backward", "the second derivative of input \"prediction\" is",
     "loss"},
    {"leak_on_failure", "failing_host", "call() keeps 1 tensors that it was given"},
    {"output_before_failure", "failing_host", "call() fails too, but leaves an output behind"},
    {"state_before_failure", "failing_host", "call() fails too, but leaves a state changed",
     "metric"},
    {"write_past_states", "bounds", "wrote past the ends of weft_call.states", "metric"},
    {"merge_by_max", "merges", "from the states of two parts of the batch", "metric"},
    {"name_no_port", "autoregressive", "weft_autoregressive.tokens names \"words\"", "decoder"},
    {"name_no_class", "autoregressive", "token 9 of weft_autoregressive is outside its 4 classes",
     "decoder"},
    {"look_ahead", "autoregressive", "depends on a token that comes after it", "decoder"},
    {"promise_alone", "caches", "offers no weft.autoregressive/1", "caches"},
    {"forget_sum", "caches", "from those of a whole pass when they are given one by one", "caches"},
    {"count_positions_anew", "caches", "from those of a whole pass when they are given", "caches"},
    {"forget_keys", "caches", "from those of a whole pass when they are given", "caches"},
    {"positions_of_first_row", "caches", "when rows have texts of different length", "caches"},
    {"look_at_neighbours", "caches", "when it is given that position alone", "positions"},
    {"need_optional", "optional", "without its optional ports it fails: ", "optional"},
    {"norm_undeclared", "micro_batches", "output \"out\" differs by ", "batch_norm"},
    {"statistics_undeclared", "micro_batches",
     "after two halves of a batch, in training, buffer \"running_mean\" differs by ", "batch_norm"},
    {"compare_rows", "samples", "and those of its two halves add up to", "loss"},
    {"compare_rows_in_training", "micro_batches", "of a batch, in training, is ", "loss"},
    {"divide_by_zero", "finite", "output \"loss\" is infinite for inputs that are finite", "loss"},
    {"root_at_zero", "finite_gradients",
     "the gradient of input \"prediction\" is nan for inputs that are finite, floating ones all 0",
     "loss"},
    {"read_absent", "absent_rows",
     "when other numbers stand in a row for which \"present\" is false", "loss"},
    {"count_absent", "absent_rows",
     "output \"weight\" differs by 0.333333 for a batch with a row that is absent", "loss"},
    {"step_to_nan", "steps", "WEFT_ROLE_STEP makes buffer \"seen\" ", "steps"},
    {"write_unwanted", "on_demand",
     "it wrote output \"gates\", which is computed on demand and which nothing wants", "demand"},
    {"change_where_wanted", "on_demand",
     "output \"out\" is another where outputs on demand are wanted", "demand"},
    {"draw_where_wanted", "on_demand",
     "output \"out\" is another where outputs on demand are wanted, in training", "demand"},
    {"look_at_rows_together", "merges", "from the states of one row after the other", "metric"},
    {"count_prediction", "roles", "WEFT_ROLE_COUNT fails without its floating inputs: ", "loss"},
    {"count_nothing", "roles",
     "WEFT_ROLE_COUNT gives the weight 0 without its floating inputs, and a forward call 2",
     "loss"},
};
INSTANTIATE_TEST_SUITE_P(All, Deeds, testing::ValuesIn(all), [](const auto& deed) {
  return std::string(*deed.param.name != '\0' ? deed.param.name : deed.param.file);
});

/// One test meets many causes: what to do follows the cause.
TEST(Remedies, NameTheCause) {
  const struct {
    const char *deed, *remedy;
    const char* file = "deed";
    const char* test = "call";
  } expected[] = {
      {"throw_across", "catch every exception inside the entry"},
      {"fail_silently", "call core->error_set with a sentence"},
      {"give_lent", "retain a tensor before it is written to an output"},
      {"leave", "return a failing status with a text instead of ending the process"},
      {"hang", "look for a loop without an end"},
#ifndef __SANITIZE_ADDRESS__
      {"segfault", "a null or stale pointer"},
#endif
      {"need_optional", "look at in_count before", "optional", "optional"},
  };
  for (const auto& one : expected) {
    const CheckReport report =
        check_deed(one.deed, one.file, level_of(one.test), std::chrono::milliseconds(1500));
    for (const TestResult& test : report.tests)
      if (test.name == one.test) {
        EXPECT_THAT(test.remedy, testing::HasSubstr(one.remedy));
      }
  }
}

TEST(Catalogue, HasADeedForEveryTest) {
  std::set<std::string> found;
  for (const Deed& deed : all) found.insert(deed.test);
  for (const host::Test& test : catalogue())
    EXPECT_TRUE(found.contains(test.name)) << "nothing shows that " << test.name << " can fail";
}

TEST(Declarations, EndWithCreate) {
  // Accepted in destroy, a further port would be in the descriptor and not in the manifest.
  const CheckReport report = check_deed("declare_in_destroy", "deed", 1, std::chrono::seconds(20));
  for (const TestResult& test : report.tests)
    EXPECT_NE(test.outcome, TestOutcome::failed) << test.name << ": " << test.text;
}

TEST(GoodPlugins, PassEverything) {
  for (const char* file : {"deed", "loss", "metric", "decoder", "optional", "constant",
                           "batch_norm", "steps", "caches", "demand", "positions"}) {
    const CheckReport report =
        check_deed("", file, highest_check_level, std::chrono::milliseconds(20000));
    EXPECT_EQ(report.exit, Exit::ok);
    for (const TestResult& test : report.tests)
      EXPECT_NE(test.outcome, TestOutcome::failed) << file << " " << test.name << ": " << test.text;
  }
}

}  // namespace
}  // namespace weft::host
