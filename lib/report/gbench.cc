/* SPDX-License-Identifier: MIT
 *
 * The only C++ file: it keeps Google Benchmark's names, filters and reporters, and none of its
 * measuring.
 *
 * Google Benchmark exits the process on flag values and output files that it dislikes, and
 * truncates the output file whenever it looks for matching names. So the flags are checked here
 * first, it is handed a full set of values that it accepts (which also overrides its environment
 * variables), and the file of
 * --benchmark_out is written by this file, through Google Benchmark's own reporters.
 */
#include <stddef.h>
#include <stdint.h>
extern "C" {
#include <linebounce/base.h>
}
#include <linebounce/gbench.h>

#include <benchmark/benchmark.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

/* The library tells its version to pkg-config only, so the build passes it on. */
#ifndef LB_GBENCH_VERSION
#define LB_GBENCH_VERSION "unknown"
#endif

namespace
{

enum class kind {
    truth,
    colour,
    text,
    pairs,
    format,
    path,
    unit,
    count,
    seconds,
    verbosity,
    refused
};

struct flag {
    const char *name;
    kind value;
    bool handed_over; /* the rest is answered by this file or by the caller */
};

const flag flags[] = {
    {"benchmark_list_tests", kind::truth, true},
    {"benchmark_filter", kind::text, true},
    {"benchmark_min_time", kind::seconds, false},
    {"benchmark_min_warmup_time", kind::seconds, false},
    {"benchmark_repetitions", kind::count, false},
    {"benchmark_enable_random_interleaving", kind::truth, true},
    {"benchmark_report_aggregates_only", kind::truth, false},
    {"benchmark_display_aggregates_only", kind::truth, false},
    {"benchmark_format", kind::format, true},
    {"benchmark_out", kind::path, false},
    {"benchmark_out_format", kind::format, false},
    {"benchmark_color", kind::colour, true},
    {"benchmark_counters_tabular", kind::truth, true},
    {"benchmark_context", kind::pairs, true},
    {"benchmark_time_unit", kind::unit, true},
    {"benchmark_perf_counters", kind::refused, false},
    {"v", kind::verbosity, true},
};

/* What Google Benchmark must not do by itself, whatever its environment variables say: see the top
 * of this file; a warm-up or a counter would belong to the replay, not to the measurement. */
const char *const forced[] = {
    "--benchmark_out=",
    "--benchmark_out_format=json",
    "--benchmark_min_warmup_time=0",
    "--benchmark_repetitions=1",
    "--benchmark_report_aggregates_only=false",
    "--benchmark_display_aggregates_only=false",
    "--benchmark_perf_counters=",
};

/* Google Benchmark's own state is global, so this is too. */
struct {
    bool ready;
    bool replayed;
    std::map<std::string, std::string> values;
    std::vector<std::string> pairs; /* each --benchmark_context, which may be given often */
} shim;

/* No exception may reach C. */
template <typename Work> int guarded(lb_why *why, Work work)
{
    try {
        return work();
    } catch (const std::bad_alloc &) {
        return lb_fail(why, ENOMEM, "Google Benchmark: out of memory");
    } catch (const std::exception &e) {
        return lb_fail(why, EIO, "Google Benchmark: %s", e.what());
    } catch (...) {
        return lb_fail(why, EIO, "Google Benchmark: unknown exception");
    }
}

bool is_one_of(const std::string &text, std::initializer_list<const char *> words)
{
    return std::any_of(words.begin(), words.end(), [&](const char *word) { return text == word; });
}

/* The words that Google Benchmark documents; a bare flag (no "=") is true. */
bool parse_truth(std::string text, bool *truth)
{
    for (char &c : text)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    bool yes = is_one_of(text, {"", "true", "t", "yes", "y", "on", "1"});
    if (!yes && !is_one_of(text, {"false", "f", "no", "n", "off", "0"}))
        return false;
    *truth = yes;
    return true;
}

bool is_truth(const std::string &text)
{
    bool ignored;
    return parse_truth(text, &ignored);
}

bool is_count(const std::string &text, long least)
{
    char *end;
    errno = 0;
    long value = std::strtol(text.c_str(), &end, 10);
    return !text.empty() && *end == '\0' && errno == 0 && value >= least &&
           value <= std::numeric_limits<int32_t>::max();
}

/* "0.05", or "0.05s" as later versions write it. Their "10x" is a number of iterations, of which a
 * window has as many as fit. */
bool is_seconds(const std::string &text)
{
    char *end;
    double value = std::strtod(text.c_str(), &end);
    return end != text.c_str() && (*end == '\0' || !std::strcmp(end, "s")) &&
           std::isfinite(value) && value >= 0;
}

bool is_pairs(const std::string &text)
{
    std::istringstream parts(text);
    std::string part;
    while (std::getline(parts, part, ',')) {
        size_t at = part.find('=');
        if (at == std::string::npos || at == 0)
            return false;
    }
    return !text.empty() && text.back() != ',';
}

/* 0, or the errno value that opening the file for writing would give; the file is not touched, so
 * that an earlier result survives until there is a new one. */
int writable(const std::string &path)
{
    struct stat status;
    if (stat(path.c_str(), &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return EISDIR;
        return access(path.c_str(), W_OK) == 0 ? 0 : errno;
    }
    if (errno != ENOENT)
        return errno;
    size_t slash = path.rfind('/');
    std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    return access(folder.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
}

/* given is the flag as the user wrote it, for the sentence. */
int check_output(const flag &known, const char *given, const std::string &value, lb_why *why)
{
    if (known.value == kind::path) {
        int err = value.empty() ? 0 : writable(value);
        return err ? lb_fail(why, EINVAL, "%s: cannot write: %s", given, strerror(err)) : 0;
    }
    if (value == "csv")
        return lb_fail(why, EINVAL,
                       "%s: csv is refused, because Google Benchmark's _cv rows in it were found "
                       "wrong (1.7.1; "
                       "here is %s): use json or console",
                       given, LB_GBENCH_VERSION);
    if (!is_one_of(value, {"json", "console"}))
        return lb_fail(why, EINVAL, "%s: the format is json or console", given);
    return 0;
}

const struct {
    kind value;
    bool (*fits)(const std::string &text);
    const char *wanted;
} rules[] = {
    {kind::truth, is_truth, "true or false"},
    {kind::colour,
     [](const auto &text) { return text == "auto" || (!text.empty() && is_truth(text)); },
     "auto, true or false"},
    {kind::pairs, is_pairs, "key=value,... is wanted"},
    {kind::unit,
     [](const auto &text) {
         return is_one_of(text, {"ns", "us", "ms", "s"});
     },
     "the unit is ns, us, ms or s"},
    {kind::count, [](const auto &text) { return is_count(text, 1); }, "a count from 1"},
    {kind::verbosity, [](const auto &text) { return is_count(text, 0); }, "a level from 0"},
    {kind::seconds, is_seconds, "a number of seconds, as 0.05s"},
    {kind::refused, [](const auto &text) { return text.empty(); },
     "refused, because it would count the replay of the measured windows"},
};

int check(const flag &known, const char *given, const std::string &value, lb_why *why)
{
    if (known.value == kind::path || known.value == kind::format)
        return check_output(known, given, value, why);
    for (const auto &rule : rules)
        if (rule.value == known.value && !rule.fits(value))
            return lb_fail(why, EINVAL, "%s: %s", given, rule.wanted);
    return 0;
}

/* Google Benchmark takes the defaults of its flags from the environment: BENCHMARK_FILTER and so
 * on. */
int read_environment(lb_why *why)
{
    for (const flag &known : flags) {
        std::string name = known.name;
        if (known.value == kind::pairs || known.value == kind::verbosity)
            continue;
        for (char &c : name)
            c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        const char *value = std::getenv(name.c_str());
        if (!value)
            continue;
        int err = check(known, name.c_str(), value, why);
        if (err)
            return err;
        shim.values[known.name] = value;
    }
    return 0;
}

int refuse_flag(const char *given, const std::string &name, lb_why *why)
{
    lb_nearest nearest = {};
    nearest.name = name.c_str();
    for (const flag &known : flags)
        lb_nearest_see(known.name, &nearest);
    if (nearest.n == 0)
        return lb_fail(why, EINVAL, "%s: Google Benchmark knows no such flag", given);
    return lb_fail(why, EINVAL, "%s: Google Benchmark knows no such flag: did you mean '--%s'?",
                   given, nearest.best[0].name);
}

int read_flag(const char *given, lb_why *why)
{
    std::string text = given;
    if (!lb_gbench_is_flag(given))
        return lb_fail(why, EINVAL, "%s: not a flag of Google Benchmark", given);
    size_t at = text.find('=');
    std::string name = text.substr(2, at == std::string::npos ? at : at - 2);
    const flag *known = std::find_if(std::begin(flags), std::end(flags),
                                     [&](const flag &f) { return name == f.name; });
    if (known == std::end(flags))
        return refuse_flag(given, name, why);
    if (at == std::string::npos && known->value != kind::truth)
        return lb_fail(why, EINVAL, "%s: a value is missing, as in --%s=...", given, known->name);
    std::string value = at == std::string::npos ? "" : text.substr(at + 1);
    int err = check(*known, given, value, why);
    if (err)
        return err;
    if (known->value == kind::pairs)
        shim.pairs.push_back(text);
    else
        shim.values[known->name] = value;
    return 0;
}

const std::string &value_of(const char *name)
{
    static const std::string absent;
    auto found = shim.values.find(name);
    return found == shim.values.end() ? absent : found->second;
}

/* False when absent, unlike the bare flag. */
bool truth_of(const char *name)
{
    bool truth = false;
    if (shim.values.count(name))
        parse_truth(value_of(name), &truth);
    return truth;
}

double seconds_of(const char *name)
{
    return std::strtod(value_of(name).c_str(), nullptr);
}

std::string assignment(const flag &known)
{
    std::string value = value_of(known.name);
    if (known.value == kind::truth)
        value = truth_of(known.name) ? "true" : "false";
    return std::string("--") + known.name + "=" + value;
}

int hand_over(char *program, lb_why *why)
{
    std::vector<std::string> args(std::begin(forced), std::end(forced));
    /* Google Benchmark knows nothing of NO_COLOR; a flag or its variable is the user's own word. */
    const char *no_colour = std::getenv("NO_COLOR");
    if (no_colour && *no_colour && value_of("benchmark_color").empty())
        args.push_back("--benchmark_color=false");
    for (const flag &known : flags) {
        if (known.handed_over && shim.values.count(known.name))
            args.push_back(assignment(known));
    }
    args.insert(args.end(), shim.pairs.begin(), shim.pairs.end());

    std::vector<char *> argv = {program};
    for (std::string &arg : args)
        argv.push_back(&arg[0]);
    argv.push_back(nullptr);
    int argc = static_cast<int>(argv.size()) - 1;
    benchmark::Initialize(&argc, argv.data());
    if (argc > 1)
        return lb_fail(why, EINVAL, "%s: the installed Google Benchmark does not take it", argv[1]);
    return 0;
}

class silent_reporter : public benchmark::BenchmarkReporter
{
  public:
    bool ReportContext(const Context &) override
    {
        return true;
    }
    void ReportRuns(const std::vector<Run> &) override
    {
    }
};

/* Marks the names that the filter selects; a case ends in an error at once, so that nothing is
 * timed. -EINVAL with Google Benchmark's own words when the filter is no regular expression. */
int search(const char *const *names, size_t n, std::ostream &out, std::vector<char> *hit,
           lb_why *why)
{
    std::ostringstream complaint;
    silent_reporter reporter;
    reporter.SetOutputStream(&out);
    reporter.SetErrorStream(&complaint);
    benchmark::ClearRegisteredBenchmarks();
    for (size_t i = 0; i < n; i++) {
        benchmark::RegisterBenchmark(names[i], [hit, i](benchmark::State &state) {
            (*hit)[i] = 1;
            state.SkipWithError("selected");
        });
    }
    size_t matches = benchmark::RunSpecifiedBenchmarks(&reporter);
    benchmark::ClearRegisteredBenchmarks();
    std::string words = complaint.str();
    if (matches == 0 && n > 0 && words.find("Failed to match") == std::string::npos) {
        while (!words.empty() && words.back() == '\n')
            words.pop_back();
        return lb_fail(why, EINVAL, "--benchmark_filter=%s: %s",
                       value_of("benchmark_filter").c_str(), words.c_str());
    }
    return 0;
}

/* A trial run on one name says whether the filter is a regular expression. */
int check_filter(lb_why *why)
{
    const char *name = "a";
    std::vector<char> hit(1);
    std::ostringstream nowhere;
    return search(&name, 1, nowhere, &hit, why);
}

/* NaN for an aggregate that this file does not know: it is then left out. */
double aggregate(const std::string &name, std::vector<double> v)
{
    double n = static_cast<double>(v.size()), mean = 0, squares = 0;
    for (double x : v)
        mean += x;
    mean /= n;
    for (double x : v)
        squares += (x - mean) * (x - mean);
    double stddev = std::sqrt(squares / (n - 1)); /* of a sample, hence the n - 1 */
    std::sort(v.begin(), v.end());
    size_t half = v.size() / 2;
    if (name == "mean")
        return mean;
    if (name == "median")
        return v.size() % 2 ? v[half] : (v[half - 1] + v[half]) / 2;
    if (name == "stddev")
        return stddev;
    return name == "cv" ? stddev / mean : std::numeric_limits<double>::quiet_NaN();
}

using case_map = std::map<std::string, const lb_gbench_case *>;

/* Stands between Google Benchmark and its reporters: gives the rows the caller's names and the
 * measured CPU time. */
class replay_reporter : public benchmark::BenchmarkReporter
{
  public:
    explicit replay_reporter(const case_map &cases) : cases_(cases)
    {
    }
    void add(benchmark::BenchmarkReporter *reporter, bool aggregates_only)
    {
        sinks_.push_back({reporter, aggregates_only});
    }
    bool ReportContext(const Context &context) override;
    void ReportRuns(const std::vector<Run> &runs) override;
    void Finalize() override;

  private:
    struct sink {
        benchmark::BenchmarkReporter *reporter;
        bool aggregates_only;
    };
    static bool report_context(benchmark::BenchmarkReporter *reporter, const Context &context);
    bool mend(Run *run) const;
    static void mend_repetition(const lb_gbench_case &c, Run *run);
    static void mend_aggregate(const lb_gbench_case &c, Run *run);
    static void drop_counters(const lb_gbench_case &c, Run *run);

    const case_map &cases_;
    std::vector<sink> sinks_;
};

bool replay_reporter::ReportContext(const Context &context)
{
    /* Google Benchmark measured its own, longer names. */
    Context ours(context);
    ours.name_field_width = 10;
    for (const auto &named : cases_) {
        size_t suffix = named.second->n_samples > 1 ? std::strlen("_median") : 0;
        ours.name_field_width = std::max(ours.name_field_width, named.first.size() + suffix);
    }
    for (sink &to : sinks_) {
        if (!report_context(to.reporter, ours))
            return false;
    }
    return true;
}

/* How the library was built is no matter of times that it did not measure. */
bool replay_reporter::report_context(benchmark::BenchmarkReporter *reporter, const Context &context)
{
    std::ostream &errors = reporter->GetErrorStream();
    std::ostringstream words;
    reporter->SetErrorStream(&words);
    bool goes_on = reporter->ReportContext(context);
    reporter->SetErrorStream(&errors);
    std::istringstream lines(words.str());
    for (std::string line; std::getline(lines, line);) {
        if (line.find("Library was built as DEBUG") == std::string::npos)
            errors << line << '\n';
    }
    errors.flush();
    return goes_on;
}

void replay_reporter::mend_repetition(const lb_gbench_case &c, Run *run)
{
    if (c.n_samples == 0)
        return;
    const lb_gbench_sample &sample = c.samples[run->repetition_index];
    run->cpu_accumulated_time = sample.cpu_ns_op / 1e9 * static_cast<double>(run->iterations);
}

void replay_reporter::mend_aggregate(const lb_gbench_case &c, Run *run)
{
    std::vector<double> cpu_ns;
    for (size_t i = 0; i < c.n_samples; i++)
        cpu_ns.push_back(c.samples[i].cpu_ns_op);
    double value = aggregate(run->aggregate_name, cpu_ns);
    /* A time is reported divided by the iterations, a percentage as it is. */
    if (run->aggregate_unit == benchmark::kTime)
        value = value / 1e9 * static_cast<double>(run->iterations);
    run->cpu_accumulated_time = value;
}

/* Google Benchmark gives one value a spread of 0, and a mean of 0 the relative spread NaN, which is
 * no JSON, or, from 1.8 on, 0, which is no spread of values that differ. */
void replay_reporter::drop_counters(const lb_gbench_case &c, Run *run)
{
    bool is_spread = run->aggregate_name == "stddev" || run->aggregate_name == "cv";
    for (size_t k = 0; k < c.n_counters; k++) {
        auto found = run->counters.find(c.counter_names[k]);
        if (found == run->counters.end())
            continue;
        size_t known = 0;
        double sum = 0;
        for (size_t i = 0; i < c.n_samples; i++) {
            double value = c.samples[i].counters[k];
            known += std::isfinite(value);
            sum += std::isfinite(value) ? value : 0;
        }
        bool is_of_zero = run->aggregate_name == "cv" && !(std::fabs(sum) > 0);
        if ((is_spread && known < 2) || is_of_zero || !std::isfinite(found->second.value))
            run->counters.erase(found);
    }
}

/* False for a row that would say NaN. */
bool replay_reporter::mend(Run *run) const
{
    auto found = cases_.find(run->run_name.function_name);
    if (found == cases_.end())
        return false;
    /* The number of rounds must not be part of a name, or no two runs could be compared. */
    run->run_name.iterations.clear();
    run->run_name.repetitions.clear();
    run->run_name.time_type.clear();
    /* The replay has one thread, what was measured has its own. */
    if (found->second->threads > 0)
        run->threads = found->second->threads;
    if (run->run_type == Run::RT_Iteration) {
        mend_repetition(*found->second, run);
    } else {
        mend_aggregate(*found->second, run);
        drop_counters(*found->second, run);
    }
    return std::isfinite(run->real_accumulated_time) && std::isfinite(run->cpu_accumulated_time);
}

void replay_reporter::ReportRuns(const std::vector<Run> &runs)
{
    std::vector<Run> mended;
    bool has_aggregates = false;
    bool are_repetitions = false;
    for (Run run : runs) {
        if (!mend(&run))
            continue;
        are_repetitions |= run.run_type == Run::RT_Iteration;
        has_aggregates |= cases_.at(run.run_name.function_name)->n_samples > 1;
        mended.push_back(run);
    }
    if (mended.empty())
        return;
    for (sink &to : sinks_) {
        /* A single repetition has no aggregates and is then shown itself, as Google Benchmark does.
         */
        if (!(to.aggregates_only && are_repetitions && has_aggregates))
            to.reporter->ReportRuns(mended);
    }
}

void replay_reporter::Finalize()
{
    for (sink &to : sinks_)
        to.reporter->Finalize();
}

/* One call is one repetition, and those of one case come in order even when Google Benchmark
 * interleaves. */
void replay_sample(benchmark::State &state, const lb_gbench_case &c, size_t *next)
{
    if (*next >= c.n_samples) {
        state.SkipWithError(c.n_samples == 0 && c.error ? c.error : "not measured");
        return;
    }
    const lb_gbench_sample &sample = c.samples[(*next)++];
    for (auto _ : state)
        state.SetIterationTime(sample.ns_op / 1e9);
    for (size_t k = 0; k < c.n_counters; k++) {
        if (std::isfinite(sample.counters[k]))
            state.counters[c.counter_names[k]] = sample.counters[k];
    }
    if (c.label)
        state.SetLabel(c.label);
}

int check_case(const lb_gbench_case &c, lb_why *why)
{
    if (c.n_samples > static_cast<size_t>(std::numeric_limits<int>::max()))
        return lb_fail(why, EINVAL, "%s: too many repetitions", c.name);
    for (size_t i = 0; i < c.n_samples; i++) {
        const lb_gbench_sample &s = c.samples[i];
        if (!std::isfinite(s.ns_op) || s.ns_op < 0 || !std::isfinite(s.cpu_ns_op) ||
            s.cpu_ns_op < 0)
            return lb_fail(why, EINVAL, "%s: repetition %zu has no time (%g ns, cpu %g ns)", c.name,
                           i, s.ns_op, s.cpu_ns_op);
    }
    return 0;
}

int map_cases(const lb_gbench_case *cases, size_t n, case_map *map, lb_why *why)
{
    for (size_t i = 0; i < n; i++) {
        int err = check_case(cases[i], why);
        if (err)
            return err;
        if (!map->emplace(cases[i].name, &cases[i]).second)
            return lb_fail(why, EINVAL, "%s: two cases have this name", cases[i].name);
    }
    return 0;
}

std::unique_ptr<benchmark::BenchmarkReporter> file_reporter(std::ofstream *file)
{
    std::unique_ptr<benchmark::BenchmarkReporter> reporter;
    if (value_of("benchmark_out_format") == "console")
        reporter.reset(new benchmark::ConsoleReporter(benchmark::ConsoleReporter::OO_None));
    else
        reporter.reset(new benchmark::JSONReporter);
    reporter->SetOutputStream(file);
    reporter->SetErrorStream(file);
    return reporter;
}

void run_replay(const lb_gbench_case *cases, size_t n, replay_reporter *reporter)
{
    std::vector<size_t> next(n);
    benchmark::ClearRegisteredBenchmarks();
    for (size_t i = 0; i < n; i++) {
        const lb_gbench_case &c = cases[i];
        size_t *index = &next[i];
        benchmark::RegisterBenchmark(
            c.name, [&c, index](benchmark::State &state) { replay_sample(state, c, index); })
            ->Iterations(1)
            ->Repetitions(std::max(1, static_cast<int>(c.n_samples)))
            ->UseManualTime();
    }
    /* The caller selected already, and these names have suffixes that the filter should not see. */
    benchmark::RunSpecifiedBenchmarks(reporter, ".");
    benchmark::ClearRegisteredBenchmarks();
}

int check_streams(const std::string &path, std::ofstream *file, lb_why *why)
{
    if (file->is_open())
        file->close();
    if (file->fail())
        return lb_fail(why, EIO, "--benchmark_out=%s: could not be written", path.c_str());
    std::cout.flush();
    if (!std::cout) {
        std::cout.clear();
        return lb_fail(why, EIO, "standard output: could not be written");
    }
    return 0;
}

int replay(const lb_gbench_case *cases, size_t n, lb_why *why)
{
    case_map map;
    int err = map_cases(cases, n, &map, why);
    if (err)
        return err;
    bool report_aggregates = truth_of("benchmark_report_aggregates_only");
    bool display_aggregates = truth_of("benchmark_display_aggregates_only");
    const std::string &path = value_of("benchmark_out");
    replay_reporter reporter(map);
    std::ofstream file;
    std::unique_ptr<benchmark::BenchmarkReporter> to_file;
    if (!path.empty()) {
        errno = 0;
        file.open(path);
        if (!file)
            return lb_fail(why, errno ? errno : EIO, "--benchmark_out=%s: %s", path.c_str(),
                           strerror(errno ? errno : EIO));
        to_file = file_reporter(&file);
    }
    /* Google Benchmark keeps this one for good, and it has begun its document: hence one replay
     * only. */
    reporter.add(benchmark::CreateDefaultDisplayReporter(),
                 report_aggregates || display_aggregates);
    if (to_file)
        reporter.add(to_file.get(), report_aggregates);
    shim.replayed = true;
    run_replay(cases, n, &reporter);
    return check_streams(path, &file, why);
}

int start(int argc, char **argv, lb_why *why)
{
    if (argc < 1)
        return lb_fail(why, EINVAL, "Google Benchmark: the program's name is missing");
    shim.values.clear();
    shim.pairs.clear();
    int err = read_environment(why);
    for (int i = 1; i < argc && !err; i++)
        err = read_flag(argv[i], why);
    if (!err)
        err = hand_over(argv[0], why);
    if (!err)
        err = check_filter(why);
    shim.ready = !err;
    return err;
}

} // namespace

bool lb_gbench_is_flag(const char *argument)
{
    return std::strncmp(argument, "--benchmark_", std::strlen("--benchmark_")) == 0 ||
           std::strncmp(argument, "--v=", std::strlen("--v=")) == 0;
}

const char *lb_gbench_version(void)
{
    return LB_GBENCH_VERSION;
}

int lb_gbench_init(int argc, char **argv, struct lb_why *why)
{
    if (shim.ready)
        return lb_fail(why, EALREADY, "Google Benchmark: started already");
    return guarded(why, [&] { return start(argc, argv, why); });
}

int lb_gbench_repetitions(void)
{
    return static_cast<int>(std::strtol(value_of("benchmark_repetitions").c_str(), nullptr, 10));
}

double lb_gbench_min_time_s(void)
{
    return seconds_of("benchmark_min_time");
}

double lb_gbench_min_warmup_s(void)
{
    return seconds_of("benchmark_min_warmup_time");
}

bool lb_gbench_list_only(void)
{
    return truth_of("benchmark_list_tests");
}

int lb_gbench_select(const char *const *names, size_t n, bool *selected, size_t *n_selected)
{
    if (!shim.ready)
        return -EINVAL;
    return guarded(nullptr, [&] {
        std::vector<char> hit(n);
        int err = search(names, n, std::cout, &hit, nullptr);
        std::cout.flush();
        if (err)
            return err;
        std::copy(hit.begin(), hit.end(), selected);
        *n_selected = static_cast<size_t>(std::count(hit.begin(), hit.end(), 1));
        return 0;
    });
}

void lb_gbench_context(const char *key, const char *value)
{
    guarded(nullptr, [&] {
        /* A second value for a key would be a complaint on stderr: the user's --benchmark_context
         * stays. */
        const auto *context = benchmark::internal::GetGlobalContext();
        if (!context || !context->count(key))
            benchmark::AddCustomContext(key, value);
        return 0;
    });
}

int lb_gbench_replay(const struct lb_gbench_case *cases, size_t n, struct lb_why *why)
{
    if (!shim.ready)
        return lb_fail(why, EINVAL, "Google Benchmark: not started");
    if (shim.replayed)
        return lb_fail(why, EALREADY, "Google Benchmark: replayed already");
    if (lb_gbench_list_only())
        return 0;
    if (n == 0)
        return lb_fail(why, EINVAL, "Google Benchmark: no case to report");
    return guarded(why, [&] { return replay(cases, n, why); });
}
