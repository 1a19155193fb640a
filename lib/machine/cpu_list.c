/* SPDX-License-Identifier: MIT
 *
 * Lists of CPUs, written with ranges and read back.
 */
#include <linebounce/cpu_list.h>

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CUT "..."

/* Appends an item; false, and the list ends, where it does not fit. */
static bool add_item(int first, int last, char *text, size_t bytes)
{
    size_t length = strlen(text);
    char item[40];
    int n = first == last ? snprintf(item, sizeof item, "%s%d", length ? "," : "", first)
                          : snprintf(item, sizeof item, "%s%d%c%d", length ? "," : "", first,
                                     last == first + 1 ? ',' : '-', last);

    if (length + (size_t)n + sizeof CUT <= bytes) {
        strcpy(text + length, item);
        return true;
    }
    if (length + sizeof CUT <= bytes)
        strcpy(text + length, CUT);
    return false;
}

/* The smallest number from `from` on, -1: none. No copy is sorted, which memory could lack for. */
static int smallest_from(const int *pu_os, size_t n, int from)
{
    int best = -1;

    for (size_t i = 0; i < n; i++)
        if (pu_os[i] >= from && (best < 0 || pu_os[i] < best))
            best = pu_os[i];
    return best;
}

const char *lb_cpus_text(const int *pu_os, size_t n, char *text, size_t bytes)
{
    int next = smallest_from(pu_os, n, 0);

    *text = '\0';
    while (next >= 0) {
        int first = next, last = next;
        while ((next = smallest_from(pu_os, n, last + 1)) == last + 1)
            last = next;
        if (!add_item(first, last, text, bytes))
            break;
    }
    return text;
}

/* A number below LB_CPUS_MOST; the text is moved behind it. */
static bool take_number(const char **text, int *number)
{
    char *end;
    long value = isdigit((unsigned char)**text) ? strtol(*text, &end, 10) : -1;

    if (value < 0 || value >= LB_CPUS_MOST)
        return false;
    *text = end;
    *number = (int)value;
    return true;
}

/* Marks what the list holds. */
static bool take_list(const char *text, bool *among)
{
    for (;; text++) {
        int first, last;
        if (!take_number(&text, &first))
            return false;
        last = first;
        if (*text == '-' && (text++, !take_number(&text, &last)))
            return false;
        if (last < first)
            return false;
        memset(among + first, true, (size_t)(last - first) + 1);
        if (*text != ',')
            return !*text;
    }
}

int lb_cpus_parse(const char *list, int **pu_os, size_t *n)
{
    bool *among;
    int *found = NULL, err = 0;
    size_t count = 0;

    if (!*list || !strcmp(list, "none")) {
        *pu_os = NULL;
        *n = 0;
        return 0;
    }
    if (!(among = calloc(LB_CPUS_MOST, sizeof *among)))
        return -ENOMEM;
    if (!take_list(list, among))
        err = -EINVAL;
    else if (!(found = calloc(LB_CPUS_MOST, sizeof *found)))
        err = -ENOMEM;
    for (int i = 0; !err && i < LB_CPUS_MOST; i++)
        if (among[i])
            found[count++] = i;
    free(among);
    if (err)
        return err;
    *pu_os = found;
    *n = count;
    return 0;
}
