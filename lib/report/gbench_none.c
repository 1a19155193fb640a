/* SPDX-License-Identifier: MIT
 *
 * The gbench stage when the build found no libbenchmark: flags are still told apart from the rest
 * of the command line, so that they are refused with a reason and not as unknown options.
 */
#include <linebounce/gbench.h>

#include <errno.h>
#include <string.h>

static const char without[] = "this program was built without Google Benchmark (libbenchmark)";

bool lb_gbench_is_flag(const char *argument)
{
    return strncmp(argument, "--benchmark_", strlen("--benchmark_")) == 0 ||
           strncmp(argument, "--v=", strlen("--v=")) == 0;
}

const char *lb_gbench_version(void)
{
    return "not built in";
}

int lb_gbench_init(int argc, char **argv, struct lb_why *why)
{
    const char *flag = argc > 1 ? argv[1] : "--benchmark_...";
    return lb_fail(why, ENOTSUP, "%s: %s", flag, without);
}

int lb_gbench_repetitions(void)
{
    return 0;
}

double lb_gbench_min_time_s(void)
{
    return 0;
}

double lb_gbench_min_warmup_s(void)
{
    return 0;
}

bool lb_gbench_list_only(void)
{
    return false;
}

int lb_gbench_select(const char *const *names, size_t n, bool *selected, size_t *n_selected)
{
    (void)names;
    (void)n;
    (void)selected;
    (void)n_selected;
    return -ENOTSUP;
}

void lb_gbench_context(const char *key, const char *value)
{
    (void)key;
    (void)value;
}

int lb_gbench_replay(const struct lb_gbench_case *cases, size_t n, struct lb_why *why)
{
    (void)cases;
    (void)n;
    return lb_fail(why, ENOTSUP, "replay: %s", without);
}
