/* SPDX-License-Identifier: MIT
 *
 * The table of checks: what a fact means for results, and what to do about it.
 */
#include <linebounce/doctor.h>

#include <math.h>
#include <stdarg.h>
#include <string.h>

const char *lb_check_sign(enum lb_check_level level)
{
    static const char *const signs[] = {"ok", "?", "!", "x"};

    return signs[level];
}

__attribute__((format(printf, 4, 5))) static void
say(struct lb_finding *f, enum lb_check_level level, const char *remedy, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    snprintf(f->remedy, sizeof f->remedy, "%s", remedy);
    f->level = level;
}

static void check_cpus(const struct lb_facts *k, struct lb_finding *f)
{
    if (!k->n_pus)
        say(f, LB_CHECK_SPOILS, "", "no CPU is to be used");
    else if (k->n_pus < 2 && k->n_allowed > 1)
        say(f, LB_CHECK_SPOILS, "name two of them (--pus), or none",
            "one CPU (%s) of the %zu that may be used (%.60s): no two threads can share a line",
            k->used, k->n_allowed, k->allowed);
    else if (k->n_pus < 2)
        say(f, LB_CHECK_SPOILS,
            *k->isolated_outside ? "name the isolated ones (--pus), or allow a second CPU"
                                 : "allow a second CPU (taskset, cpuset, cores of the machine)",
            "one CPU (%s): no two threads can share a line", k->used);
    else if (!k->n_online || !k->n_allowed)
        say(f, LB_CHECK_UNKNOWN, "", "CPUs %s are used; which there are is not said", k->used);
    else if (k->n_allowed >= k->n_online)
        say(f, LB_CHECK_OK, "", "%zu CPUs (%s), all of the machine", k->n_allowed, k->online);
    else if (*k->job)
        say(f, LB_CHECK_WARNS, "take the whole node: sbatch --exclusive",
            "%zu of %zu CPUs (%.60s): Slurm job %s leaves the rest to others", k->n_allowed,
            k->n_online, k->allowed, k->job);
    else
        say(f, LB_CHECK_WARNS, "run without taskset and outside of the cpuset, for other distances",
            "%zu of %zu CPUs may be used (%.60s): taskset, cpuset or isolcpus leave out the rest",
            k->n_allowed, k->n_online, k->allowed);
}

/* Where the span was too short for a share, tasks that want to run on all CPUs say enough. */
static void check_load(const struct lb_facts *k, struct lb_finding *f)
{
    static const char remedy[] = "end what runs there (top), or choose other CPUs: --pus";
    double share = k->load.others_share, runnable = k->load.runnable;

    if (share > LB_LOAD_OTHERS_MOST)
        say(f, LB_CHECK_SPOILS, remedy,
            "other tasks have %.0f %% of the CPUs to be used; %.0f run or want to", 100 * share,
            runnable);
    else if (isnan(share) && runnable >= (double)k->n_pus && k->n_pus)
        say(f, LB_CHECK_SPOILS, remedy, "%.0f other tasks run or want to, and there are %zu CPUs",
            runnable, k->n_pus);
    else if (isnan(share))
        say(f, LB_CHECK_UNKNOWN, "", "how busy the CPUs are is not known");
    else
        say(f, LB_CHECK_OK, "", "other tasks have %.1f %% of the CPUs to be used", 100 * share);
}

static void check_steal(const struct lb_facts *k, struct lb_finding *f)
{
    double share = k->load.stolen_share;

    if (isnan(share))
        say(f, LB_CHECK_UNKNOWN, "", "whether a host takes time is not known");
    else if (share > LB_LOAD_STOLEN_MOST)
        say(f, LB_CHECK_SPOILS, "measure at another time, or take a machine whose CPUs are its own",
            "the host keeps back %.0f %% of the CPUs' time", 100 * share);
    else
        say(f, LB_CHECK_OK, "", "a host keeps back %.1f %% of the CPUs' time", 100 * share);
}

static void check_quota(const struct lb_facts *k, struct lb_finding *f)
{
    double worth = 0;
    bool limited = sscanf(k->environment.cpu_quota, "%lf", &worth) == 1;

    if (limited && worth < (double)k->n_pus)
        say(f, LB_CHECK_SPOILS, "lift the limit (docker --cpus, Kubernetes' cpu limit, CPUQuota=)",
            "this cgroup may use %s CPUs' worth of time: threads that used it up stand still",
            k->environment.cpu_quota);
    else if (!*k->environment.cpu_quota)
        say(f, LB_CHECK_UNKNOWN, "", "whether a cgroup limits CPU time is not said");
    else
        say(f, LB_CHECK_OK, "", "no limit of CPU time below %zu CPUs", k->n_pus);
}

static void check_siblings(const struct lb_facts *k, struct lb_finding *f)
{
    double share = k->siblings.others_share;

    if (!k->n_siblings && k->environment.smt_active == 1)
        say(f, LB_CHECK_OK, "", "hardware threads of a core are used together or not at all");
    else if (!k->n_siblings)
        say(f, LB_CHECK_OK, "", "no hardware thread beside the CPUs to be used");
    else if (isnan(share))
        say(f, LB_CHECK_UNKNOWN, "", "how busy %zu hardware threads beside them are is not known",
            k->n_siblings);
    else if (share > LB_LOAD_OTHERS_MOST)
        say(f, LB_CHECK_SPOILS,
            "keep the siblings idle: echo 0 > /sys/devices/system/cpu/cpuN/online",
            "hardware threads of the same cores are busy for %.0f %% of the time", 100 * share);
    else
        say(f, LB_CHECK_OK, "", "hardware threads of the same cores are idle (%.1f %%)",
            100 * share);
}

static void check_interrupts(const struct lb_facts *k, struct lb_finding *f)
{
    static const char remedy[] =
        "move them: /proc/irq/N/smp_affinity, isolcpus= and nohz_full= for the tick";
    double rate = k->interrupts_per_s;

    if (isnan(rate))
        say(f, LB_CHECK_UNKNOWN, "", "interrupts of the CPUs are not known");
    else
        say(f,
            rate > LB_INTERRUPTS_SPOIL  ? LB_CHECK_SPOILS
            : rate > LB_INTERRUPTS_WARN ? LB_CHECK_WARNS
                                        : LB_CHECK_OK,
            rate > LB_INTERRUPTS_WARN ? remedy : "", "at most %.0f interrupts a second, on CPU %d",
            rate, k->interrupts_pu_os);
}

static void check_irqbalance(const struct lb_facts *k, struct lb_finding *f)
{
    if (k->irqbalance < 0)
        say(f, LB_CHECK_UNKNOWN, "", "which processes run is not known");
    else if (k->irqbalance)
        say(f, LB_CHECK_WARNS, "systemctl stop irqbalance",
            "irqbalance moves interrupts from CPU to CPU in the middle of a run");
    else
        say(f, LB_CHECK_OK, "", "irqbalance does not run");
}

static void check_isolation(const struct lb_facts *k, struct lb_finding *f)
{
    const struct lb_environment *e = &k->environment;
    char remedy[sizeof f->remedy];

    snprintf(remedy, sizeof remedy, "linebounce run --pus %.80s", k->isolated_outside);
    if (*k->isolated_outside)
        say(f, LB_CHECK_WARNS, remedy, "CPUs %.80s are isolated, and not used unless named",
            k->isolated_outside);
    else if (!*e->isolated)
        say(f, LB_CHECK_UNKNOWN, "", "whether CPUs are isolated is not said");
    else if (!strcmp(e->isolated, "none"))
        say(f, LB_CHECK_OK, "", "no CPU is isolated: idle ones serve as well");
    else
        say(f, LB_CHECK_OK, "", "isolated: %.60s; without a tick: %.60s", e->isolated,
            *e->nohz_full ? e->nohz_full : "not said");
}

static void check_governor(const struct lb_facts *k, struct lb_finding *f)
{
    const char *governor = k->environment.governor;

    if (!*governor)
        say(f, LB_CHECK_UNKNOWN, "", "the governor of the clock is not said");
    else if (strcmp(governor, "performance") != 0)
        say(f, LB_CHECK_WARNS, "cpupower frequency-set -g performance",
            "governor %s: the clock follows the load", governor);
    else
        say(f, LB_CHECK_OK, "", "governor performance");
}

static void check_boost(const struct lb_facts *k, struct lb_finding *f)
{
    const char *boost = k->environment.boost;

    if (!*boost)
        say(f, LB_CHECK_UNKNOWN, "", "whether the clock is boosted is not said");
    else if (!strcmp(boost, "on"))
        say(f, LB_CHECK_WARNS,
            "echo 0 > /sys/devices/system/cpu/cpufreq/boost (intel_pstate: echo 1 > .../no_turbo)",
            "boost is on: the clock follows heat and neighbours");
    else
        say(f, LB_CHECK_OK, "", "boost is off");
}

static void check_thp(const struct lb_facts *k, struct lb_finding *f)
{
    const char *thp = k->environment.thp;

    if (!*thp)
        say(f, LB_CHECK_UNKNOWN, "", "whether there are transparent huge pages is not said");
    else if (!strcmp(thp, "never"))
        say(f, LB_CHECK_WARNS, "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
            "no transparent huge pages: 'many' pays for page tables too");
    else
        say(f, LB_CHECK_OK, "", "transparent huge pages: %s", thp);
}

static void check_swap(const struct lb_facts *k, struct lb_finding *f)
{
    if (k->swapped_per_s > 0)
        say(f, LB_CHECK_SPOILS, "end what needs the memory, or swapoff -a",
            "pages go to swap and back: %.0f a second", k->swapped_per_s);
    else if (isnan(k->swap_used_kib))
        say(f, LB_CHECK_UNKNOWN, "", "whether there is swap is not said");
    else
        say(f, LB_CHECK_OK, "", "%.0f MiB are in swap, %s", k->swap_used_kib / 1024,
            isnan(k->swapped_per_s) ? "traffic not known" : "and stay there");
}

/* Names of clock sources by which a kernel says that the processor's own counter keeps time. */
static bool keeps_time(const char *source)
{
    static const char *const good[] = {"tsc",      "kvm-clock", "hyperv_clocksource_tsc_page",
                                       "timebase", "xen",       "arch_sys_counter"};

    for (size_t i = 0; i < LB_COUNT(good); i++)
        if (!strcmp(source, good[i]))
            return true;
    return false;
}

static void check_clock(const struct lb_facts *k, struct lb_finding *f)
{
    const char *source = k->environment.clocksource;

    if (!*source)
        say(f, LB_CHECK_UNKNOWN, "", "the kernel's clock source is not said");
    else if (keeps_time(source))
        say(f, LB_CHECK_OK, "", "clock source %s", source);
    else
        say(f, LB_CHECK_WARNS, "look for 'clocksource' in dmesg: firmware, or tsc=reliable",
            "clock source %s: the kernel distrusts the processor's counter", source);
}

static void check_machine(const struct lb_facts *k, struct lb_finding *f)
{
    const struct lb_environment *e = &k->environment;

    if (e->emulated)
        say(f, LB_CHECK_SPOILS, "measure on hardware, or in a virtual machine with KVM",
            "an emulated machine: its times mean nothing");
    else if (!*e->hypervisor)
        say(f, LB_CHECK_UNKNOWN, "", "whether this is a virtual machine is not said");
    else if (!strcmp(e->hypervisor, "none"))
        say(f, LB_CHECK_OK, "", "no hypervisor below");
    else
        say(f, LB_CHECK_WARNS, "take differences, not times; repeat on bare metal to be sure",
            "a virtual machine (%s): CPUs may move, and caches are shared with others",
            e->hypervisor);
}

static void check_counters(const struct lb_facts *k, struct lb_finding *f)
{
    int level = k->environment.perf_event_paranoid;

    if (!k->pmu)
        say(f, LB_CHECK_WARNS, "hand the guest a PMU (QEMU: -cpu host,pmu=on), or do without",
            "no PMU: no counts of cache misses (times do not need them)");
    else if (level == LB_PARANOID_UNKNOWN)
        say(f, LB_CHECK_UNKNOWN, "", "a PMU, but perf_event_paranoid is not said");
    else if (level > 2)
        say(f, LB_CHECK_WARNS, "sysctl kernel.perf_event_paranoid=2, or root",
            "perf_event_paranoid is %d: counting is root's alone", level);
    else
        say(f, LB_CHECK_OK, "", "a PMU, perf_event_paranoid %d", level);
}

static void check_btf(const struct lb_facts *k, struct lb_finding *f)
{
    if (k->btf)
        say(f, LB_CHECK_OK, "", "the kernel describes its structures (BTF)");
    else
        say(f, LB_CHECK_WARNS, "a kernel with CONFIG_DEBUG_INFO_BTF, or a file: btf:FILE:STRUCT",
            "no /sys/kernel/btf/vmlinux: --layout btf:STRUCT needs a file");
}

static void check_gnuplot(const struct lb_facts *k, struct lb_finding *f)
{
    if (k->gnuplot)
        say(f, LB_CHECK_OK, "", "gnuplot is installed");
    else
        say(f, LB_CHECK_WARNS, "install gnuplot-nox; 'linebounce plot DIR' draws later",
            "no gnuplot: results come without pictures");
}

static void not_probed(const struct lb_facts *k, struct lb_finding *f)
{
    say(f, *k->probe.failed ? LB_CHECK_SPOILS : LB_CHECK_UNKNOWN, "", "%.150s",
        *k->probe.failed ? k->probe.failed : "not measured");
}

static void check_round_trips(const struct lb_facts *k, struct lb_finding *f)
{
    const struct lb_doctor_probe *p = &k->probe;

    if (!p->known || isnan(p->near_ns))
        not_probed(k, f);
    else if (p->far_ns > LB_DOCTOR_FAR * p->near_ns)
        say(f, LB_CHECK_WARNS, "nothing: a run judges each by itself, and shows one",
            "a line's round trip is near or far, by where the line lies: %.0f or %.0f ns",
            p->near_ns, p->far_ns);
    else
        say(f, LB_CHECK_OK, "", "a line's round trip takes %.0f ns, wherever the line lies",
            p->near_ns);
}

enum lb_check_level lb_spoiled_level(double share)
{
    return isnan(share)                     ? LB_CHECK_UNKNOWN
           : share > LB_DOCTOR_SPOILED_MOST ? LB_CHECK_SPOILS
           : share > LB_DOCTOR_SPOILED_WARN ? LB_CHECK_WARNS
                                            : LB_CHECK_OK;
}

static void check_windows(const struct lb_facts *k, struct lb_finding *f)
{
    const struct lb_doctor_probe *p = &k->probe;
    double share = p->spoiled_share;

    if (!p->known || isnan(share))
        not_probed(k, f);
    else if (lb_spoiled_level(share) > LB_CHECK_UNKNOWN)
        say(f, lb_spoiled_level(share), "see what is said of load, steal and interrupts",
            "%.0f %% of the windows spoiled: %s", 100 * share, p->spoiled_why);
    else
        say(f, LB_CHECK_OK, "", "%.0f %% of the windows spoiled", 100 * share);
}

static void check_controls(const struct lb_facts *k, struct lb_finding *f)
{
    const struct lb_doctor_probe *p = &k->probe;

    if (!p->known)
        not_probed(k, f);
    else if (p->controls_part < 0)
        say(f, LB_CHECK_WARNS, "mend what else is said here; more time: linebounce run --quick",
            "2 s did not show whether a shared line costs more than none");
    else if (!p->controls_part)
        say(f, LB_CHECK_SPOILS, "choose CPUs that are apart: --placement, --pus",
            "a shared line is not seen to cost anything: nothing can be said of sharing here");
    else
        say(f, LB_CHECK_OK, "", "a shared line costs at least %.0f ns: what is looked for is seen",
            p->controls_lo_ns);
}

static const struct {
    const char *name;
    void (*check)(const struct lb_facts *facts, struct lb_finding *finding);
} checks[] = {
    {"CPUs", check_cpus},
    {"load", check_load},
    {"steal", check_steal},
    {"CPU quota", check_quota},
    {"siblings", check_siblings},
    {"interrupts", check_interrupts},
    {"irqbalance", check_irqbalance},
    {"isolation", check_isolation},
    {"governor", check_governor},
    {"boost", check_boost},
    {"huge pages", check_thp},
    {"swap", check_swap},
    {"clock", check_clock},
    {"machine", check_machine},
    {"counters", check_counters},
    {"BTF", check_btf},
    {"gnuplot", check_gnuplot},
    {"round trips", check_round_trips},
    {"windows", check_windows},
    {"controls", check_controls},
};

size_t lb_n_checks(void)
{
    return LB_COUNT(checks);
}

void lb_check(size_t i, const struct lb_facts *facts, struct lb_finding *finding)
{
    struct lb_finding f = {.check = checks[i].name};

    checks[i].check(facts, &f);
    *finding = f;
}
