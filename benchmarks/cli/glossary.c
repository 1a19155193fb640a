/* SPDX-License-Identifier: MIT
 *
 * What the program means by its words. results/method.md says why it is measured so.
 */
#include "glossary.h"
#include "report/look.h"

#include <linebounce/base.h>

static const struct {
    const char *word, *meaning;
} words[] = {
    {"answer", "what a run says of its question, from the verdicts of its headline"},
    {"baseline",
     "the layout that the others are compared with: pointer, unless --baseline names one"},
    {"case", "a layout with a lock, in a scenario, at a placement, with so much work between ops"},
    {"control", "two words of one line, and two far apart: where these do not differ, nothing that "
                "is asked here can be seen"},
    {"far, near", "the same CPUs may be at several distances, told by a line's round trip: a "
                  "virtual machine moves them"},
    {"headline", "cases with work between ops, as a program has; those without are saturated"},
    {"layout", "where the lock and the hot fields of an object lie: linebounce show layouts"},
    {"line", "64 bytes (on most machines) that move between CPUs as one"},
    {"margin", "what counts as the same: 2 ns and 2 % of ns/op, unless --margin says other"},
    {"net", "ns of an op, less those of the same loop without memory operations"},
    {"op", "one lock, touch and unlock of an object, or what the scenario says"},
    {"pair", "two windows of one round, of a layout and of its baseline, that are compared"},
    {"placement", "which CPUs the threads are pinned to: linebounce show placements"},
    {"regime", "the windows of one distance between the CPUs; each has its own verdicts"},
    {"role", "one thread's part in a scenario, as lock and observe in observer"},
    {"round", "every case once, in a drawn order"},
    {"saturated", "ops without a pause: throughput under contention"},
    {"scenario", "what the threads do to the objects: linebounce show scenarios"},
    {"spoiled", "a window that something disturbed: kept in samples.csv with the reason, and not "
                "counted"},
    {"suite", "a set of cases with a question of its own: linebounce run SUITE"},
    {"undecided", "the interval holds a cost and none; or a verdict is withheld, with the reason"},
    {"verdict", "faster, slower, same, not slower or unresolved: a 95 % interval of differences "
                "against the margin"},
    {"window", "one timed interval of one case, 10 or 50 ms"},
};

void glossary_print(FILE *out)
{
    for (size_t i = 0; i < LB_COUNT(words); i++) {
        fprintf(out, "  %-11s ", words[i].word);
        wrap_print(words[i].meaning, 14, 14, WRAP_COLUMNS, out);
    }
}
