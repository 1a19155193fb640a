#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Layouts from DWARF on the command line: programs compiled here, in C and in C++.

Usage: cli_dwarf.py [unittest options]     program: $LINEBOUNCE; $LB_DWARF empty: without libdw
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.
"""

import atexit
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from cli_support import PROGRAM, ROOT, SOURCE, Case, environment, main, two_pus

EXAMPLES = os.path.join(SOURCE, "benchmarks", "examples")
COMPILERS = {".c": ("gcc", "clang"), ".cc": ("g++", "clang++")}
BRIEF = ("--rounds", "2", "--no-plots", "--events", "none", "--work-ns", "200", "--out", "out")

with_libdw = unittest.skipUnless(os.environ.get("LB_DWARF"), "built without libdw")


MADE = tempfile.mkdtemp(prefix="linebounce-dwarf-")
atexit.register(shutil.rmtree, MADE)


def compilers(language):
    return [name for name in COMPILERS[language] if shutil.which(name)]


class DwarfCase(Case):
    def compile(self, source, *flags, compiler=None, name="program"):
        """Compiles an example, or text of that language, and returns the program's path."""
        language = os.path.splitext(source)[1]
        if not (found := compilers(language)):
            self.skipTest(f"no compiler for {language}")
        standard = "-std=c++17" if language == ".cc" else "-std=gnu17"
        path = self.path(name)
        subprocess.run([compiler or found[0], standard, "-pthread", *(flags or ("-g",)), "-o", path,
                        source], check=True, stdout=subprocess.DEVNULL)
        return path

    def example(self, language, *flags, compiler=None):
        """A copy of the example, which is compiled once for all tests."""
        source = os.path.join(EXAMPLES, f"buffer_pool{language}")
        made = os.path.join(MADE, "".join((language[1:], *flags, compiler or "")))
        if not os.path.exists(made):
            os.replace(self.compile(source, *flags, compiler=compiler), made)
        return shutil.copy(made, self.path("program"))

    def text(self, language, text, *flags, **more):
        source = self.path(f"text{language}")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        return self.compile(source, *flags, **more)

    def members(self, layout):
        lines = self.succeeds("show", "structure", "--layout", layout).stdout.splitlines()
        return [line.strip() for line in lines]

    def table(self):
        with open(self.path("out/table.txt"), encoding="utf-8") as file:
            return file.read()

    def draw(self, layout, *options):
        return self.succeeds("show", "layouts", "--layout", layout, *options).stdout


class Unbuilt(DwarfCase):
    @unittest.skipIf(os.environ.get("LB_DWARF"), "built with libdw")
    def test_says_that_it_has_no_libdw(self):
        self.assertIn("this build has no libdw",
                      self.refuses("show", "structure", "--layout", "dwarf:/bin/true:x"))


@with_libdw
class C(DwarfCase):
    def test_members_of_every_compiler_and_version(self):
        for compiler in compilers(".c"):
            for flags in (("-g",), ("-gdwarf-4",), ("-g", "-gz"), ("-g", "-O2", "-flto")):
                if flags[-1] == "-flto" and compiler == "clang":
                    continue
                program = self.example(".c", *flags, compiler=compiler)
                text = self.members(f"dwarf:{program}:page")
                with self.subTest(compiler=compiler, flags=flags):
                    self.assertEqual(text[0], f"struct page: 80 bytes, aligned to 8, of {program}")
                    self.assertIn("8      4  flags: uint32_t", text)
                    self.assertIn("12      4  pins: atomic_uint  # _Atomic", text)
                    self.assertIn("32     40  latch: pthread_mutex_t  # pthread_mutex_t", text)
                    self.assertIn("72      8  next: struct page *", text)

    def test_bit_fields_arrays_and_alignment(self):
        for compiler in compilers(".c"):
            text = self.members(f"dwarf:{self.example('.c', compiler=compiler)}:pool")
            self.assertRegex(text[0], r"^struct pool: \d+ bytes, aligned to 64")
            self.assertIn("pages: struct page [64]", text[1])
            self.assertRegex("\n".join(text), r"1  dirty:7: unsigned int\n\d+ +1  closing:1: ")
            self.assertRegex("\n".join(text), r"lock: pthread_spinlock_t  # pthread_spinlock_t")

    def test_anonymous_members_unions_and_typedefs(self):
        program = self.text(".c", "typedef struct { int a; union { long b; struct { char c, d; };"
                            " }; struct { short e; } f; int g[]; } odd;"
                            " odd x; int main(void) { return x.a; }\n")
        self.assertEqual(self.members(f"dwarf:{program}:odd")[1:],
                         ["0      4  a: int", "8      8  b: long int", "8      1  c: char",
                          "9      1  d: char", "16      2  f: struct {...}",
                          "16      2  f.e: short int", "20      0  g: int [0]"])

    def test_the_lock_and_what_an_op_reads(self):
        text = self.draw(f"dwarf:{self.example('.c')}:page,hot=page_id+flags+frame,lock=latch")
        self.assertIn("dwarf-page: program: 80 bytes, aligned to 8 (its own), pthread_mutex_t "
                      "latch at 32, run as pthread_mutex", text)
        self.assertNotIn("as Linux", text)
        self.assertRegex(text, r"(?m)^    32   40  # latch: pthread_mutex_t$")

    def test_any_word_is_a_lock_where_it_is_said(self):
        program = self.example(".c")
        for member, kind in (("flags", "futex_mutex"), ("flags", "qspinlock"),
                             ("lsn", "locked_adds")):
            text = self.draw(f"dwarf:{program}:page,hot=page_id,lock={member},kind={kind}")
            self.assertIn(f"run as {kind}", text)
        self.assertIn("flags is no lock", self.refuses(
            "show", "layouts", "--layout", f"dwarf:{program}:page,hot=page_id,lock=flags"))
        self.assertIn("needs 40 bytes, there are 4", self.refuses(
            "show", "layouts", "--layout",
            f"dwarf:{program}:page,hot=page_id,lock=flags,kind=pthread_mutex"))

    def test_names_that_are_nearly_right(self):
        program = self.example(".c")
        for layout, says in (("pgae", "nearest: page"),
                             ("page,hot=page_di", "nearest: page_id"),
                             ("page,hot=lsn,lock=latc", "nearest: latch"),
                             ("page,hot=lsn,kind=pthread_mutx", "pthread_mutex"),
                             ("page,hott=lsn", "hot")):
            self.assertIn(says, self.refuses("show", "layouts", "--layout",
                                             f"dwarf:{program}:{layout}"))

    def test_several_of_one_name(self):
        one = self.text(".c", "struct twin { int a; }; struct twin x;\n", "-g", "-c", name="one.o")
        two = self.text(".c", "struct twin { char b[8]; }; struct twin y;"
                        " int main(void) { return y.b[0]; }\n", "-g", "-c", name="two.o")
        subprocess.run([compilers(".c")[0], "-o", self.path("both"), one, two], check=True)
        both = f"dwarf:{self.path('both')}:twin"
        self.assertIn("which=1 to which=2", self.refuses("show", "structure", "--layout", both))
        self.assertEqual(self.members(f"{both},which=2")[1], "0      8  b: char [8]")
        self.assertIn("a: int", self.members(f"dwarf:{one}:twin")[1])

    def test_a_separate_file(self):
        if not shutil.which("objcopy"):
            self.skipTest("no objcopy")
        program, apart = self.example(".c"), self.path("apart.dbg")
        layout = f"dwarf:{program}:page"
        subprocess.run(["objcopy", "--only-keep-debug", program, apart], check=True)
        subprocess.run(["strip", program], check=True)
        self.assertIn("has no DWARF", self.refuses("show", "structure", "--layout", layout))
        subprocess.run(["objcopy", "--add-gnu-debuglink=apart.dbg", program], check=True,
                       cwd=os.path.dirname(program))
        self.assertIn("80 bytes", self.members(layout)[0])

    def test_files_that_are_none(self):
        for file, says in (("/nowhere", "No such file"), (self.path(""), "no regular file"),
                           (os.path.join(EXAMPLES, "buffer_pool.c"), "no ELF file")):
            self.assertIn(says, self.refuses("show", "structure", "--layout", f"dwarf:{file}:x"))
        self.assertIn("of which file?", self.refuses("show", "structure", "--layout", "dwarf:x"))
        program = self.example(".c")
        self.assertIn("base= is of BTF", self.refuses("show", "structure", "--layout",
                                                      f"dwarf:{program}:page,base=x"))


@with_libdw
class Apart(DwarfCase):
    """Debugging information that is not where the code is."""

    PAGE = "80 bytes, aligned to 8"

    def pages(self, program, structure="page"):
        """What is said of the example's structure: its first line, and where a typedef's member
        and a lock lie, whose types may be in another place than the structure."""
        text = self.members(f"dwarf:{program}:{structure}")
        self.assertIn("12      4  pins: atomic_uint  # _Atomic", text)
        self.assertIn("32     40  latch: pthread_mutex_t  # pthread_mutex_t", text)
        return text[0]

    def pages_in_cpp(self, program):
        text = self.members(f"dwarf:{program}:" + CPlusPlus.name_of(self, program, CPlusPlus.PAGE))
        self.assertIn("0      8  next: db::Linked *", text)
        self.assertIn("24      4  pins_: std::atomic<unsigned int>  # _Atomic", text)
        self.assertRegex("\n".join(text), r"40 +56  latch_: std::shared_mutex  # pth")
        return text[0]

    def split(self, language, *flags, compiler):
        """Compiled to an object file beside its .dwo, and linked, all in this test's folder."""
        if not compiler:
            self.skipTest(f"no compiler for {language}")
        source = self.path(f"pool{language}")
        shutil.copy(os.path.join(EXAMPLES, f"buffer_pool{language}"), source)
        standard = "-std=c++17" if language == ".cc" else "-std=gnu17"
        for part in (("-c", "-o", "pool.o", f"pool{language}"), ("-o", "pool", "pool.o")):
            subprocess.run([compiler, standard, "-pthread", "-g", "-gsplit-dwarf", *flags, *part],
                           check=True, cwd=self.path(""))
        self.assertTrue(os.path.exists(self.path("pool.dwo")))
        return self.path("pool")

    def test_by_build_id(self):
        """Below /usr/lib/debug, which is another folder for this one program."""
        if not os.path.isdir("/usr/lib/debug"):
            self.skipTest("no folder /usr/lib/debug")
        namespace = ["unshare", *([] if ROOT else ["--user", "--map-root-user"]), "--mount"]
        if not shutil.which("unshare") or subprocess.run([*namespace, "true"], check=False,
                                                         stderr=subprocess.DEVNULL).returncode:
            self.skipTest("neither root nor user namespaces")
        program = self.example(".c", "-g", "-Wl,--build-id=0xabcdef0123456789")
        by_id = self.path("debug/.build-id/ab/cdef0123456789.debug")
        os.makedirs(os.path.dirname(by_id))
        subprocess.run(["objcopy", "--only-keep-debug", program, by_id], check=True)
        subprocess.run(["strip", program], check=True)
        self.assertIn("has no DWARF", self.refuses("show", "structure", "--layout",
                                                   f"dwarf:{program}:page"))
        shown = subprocess.run(
            [*namespace, "sh", "-c", 'mount --bind "$1" /usr/lib/debug && shift && exec "$@"', "sh",
             self.path("debug"), PROGRAM, "show", "structure", "--layout", f"dwarf:{program}:page"],
            capture_output=True, text=True, check=False, env=environment())
        self.assertIn(self.PAGE, shown.stdout, shown.stderr)

    def test_split(self):
        """With -gsplit-dwarf the program has the .dwo file's name, and little else."""
        for language in (".c", ".cc"):
            for compiler in compilers(language):
                for flags in ((), ("-gdwarf-4",), ("-fdebug-types-section",)):
                    with self.subTest(compiler=compiler, flags=flags):
                        program = self.split(language, *flags, compiler=compiler)
                        if not compiler.startswith("clang") and "types" in "".join(flags):
                            self.refuses_or_shows(program)
                        elif language == ".c":
                            self.assertIn(self.PAGE, self.pages(program))
                        else:
                            self.assertIn("256 bytes", self.pages_in_cpp(program))

    def refuses_or_shows(self, program):
        """gcc writes a section for each type, of which libdw (0.188) reads one."""
        result = self.run_it("show", "structure", "--layout", f"dwarf:{program}:page")
        if result.returncode:
            self.assertRegex(result.stderr, r"in pool\.dwo, which libdw \S+ did not find or ")

    def test_split_without_its_file(self):
        program = self.split(".c", compiler=(compilers(".c") or [""])[0])
        os.remove(self.path("pool.dwo"))
        said = self.refuses("show", "structure", "--layout", f"dwarf:{program}:page")
        self.assertIn("another part is in pool.dwo, which libdw", said)

    def test_units_of_types(self):
        for compiler in compilers(".c"):
            for version in ("-gdwarf-4", "-gdwarf-5"):
                program = self.example(".c", "-g", version, "-fdebug-types-section",
                                       compiler=compiler)
                with self.subTest(compiler=compiler, version=version):
                    self.assertIn(self.PAGE, self.pages(program))
        for compiler in compilers(".cc"):
            for version in ("-gdwarf-4", "-gdwarf-5"):
                program = self.example(".cc", "-g", version, "-fdebug-types-section",
                                       compiler=compiler)
                with self.subTest(compiler=compiler, version=version):
                    self.assertIn("256 bytes", self.pages_in_cpp(program))

    def twice(self, language):
        """Two programs with the structures of two units each, so that dwz has what to share."""
        made = []
        for name in ("one", "two"):
            source = self.path(f"{name}{language}")
            shutil.copy(os.path.join(EXAMPLES, f"buffer_pool{language}"), source)
            unit = self.path(f"{name}-more{language}")
            with open(source, encoding="utf-8") as file:
                text = file.read().replace("int main(", f"int more_of_{name}(")
            with open(unit, "w", encoding="utf-8") as file:
                file.write(text)
            standard = "-std=c++17" if language == ".cc" else "-std=gnu17"
            objects = []
            for part in (source, unit):
                objects.append(part + ".o")
                subprocess.run([compilers(language)[0], standard, "-w", "-pthread", "-g", "-c",
                                "-o", objects[-1], part], check=True)
            subprocess.run([compilers(language)[0], "-pthread", "-Wl,-z,muldefs", "-o",
                            self.path(name), *objects], check=True)
            made.append(self.path(name))
        return made

    def test_dwz(self):
        """What units share, in units of their own; what programs share, in another file."""
        if not shutil.which("dwz"):
            self.skipTest("no dwz")
        for language in (".c", ".cc"):
            if not compilers(language):
                continue
            programs = self.twice(language)
            look = (lambda program: self.assertIn(self.PAGE, self.pages(program))) \
                if language == ".c" else \
                (lambda program: self.assertIn("256 bytes", self.pages_in_cpp(program)))
            for programs_shared in (False, True):
                with self.subTest(language=language, programs_shared=programs_shared):
                    if programs_shared:
                        subprocess.run(["dwz", "-m", "shared.dwz", "-M", "shared.dwz", *programs],
                                       check=True, cwd=self.path(""))
                        self.assertTrue(os.path.exists(self.path("shared.dwz")))
                    else:
                        shutil.copy(programs[0], self.path("alone"))
                        subprocess.run(["dwz", self.path("alone")], check=True)
                    look(programs[0] if programs_shared else self.path("alone"))
            os.remove(self.path("shared.dwz"))
            self.assertIn("shared.dwz, which libdw", self.refuses(
                "show", "structure", "--layout", f"dwarf:{programs[0]}:nothing"))


@with_libdw
class CPlusPlus(DwarfCase):
    PAGE = "db::Page<unsigned long, 8>"

    def test_members_of_every_compiler(self):
        for compiler in compilers(".cc"):
            program = self.example(".cc", "-g", compiler=compiler)
            name = self.PAGE if compiler == "clang++" else self.PAGE.replace("long", "long int")
            name = self.name_of(program, name)
            text = self.members(f"dwarf:{program}:{name}")
            with self.subTest(compiler=compiler):
                self.assertIn(": 256 bytes, aligned to 64, of ", text[0])
                self.assertIn("0      8  next: db::Linked *", text)
                self.assertIn("8      4  flags: uint32_t", text)
                self.assertIn("24      4  pins_: std::atomic<unsigned int>  # _Atomic", text)
                self.assertRegex("\n".join(text), r"40 +56  latch_: std::shared_mutex  # pth")
                self.assertIn("96      2  space_.used: uint16_t", text)
                self.assertRegex("\n".join(text), r"128 +64  slots_: uint64_t \[8\]")

    def name_of(self, program, name):
        """The template as this compiler writes it: what is offered for a name nearly right."""
        result = self.run_it("show", "structure", "--layout", f"dwarf:{program}:{name}")
        if not result.returncode:
            return name
        return re.search(r"nearest: (db::Page<[^>]*>)", result.stderr)[1]

    def test_locks_by_name(self):
        program = self.example(".cc")
        page = self.name_of(program, self.PAGE)
        self.assertIn("run as pthread_rwlock",
                      self.draw(f"dwarf:{program}:{page},hot=key_+flags,lock=latch_"))
        self.assertIn("std::mutex lock at 0, run as pthread_mutex",
                      self.draw(f"dwarf:{program}:db::Pool,hot=page.key_,lock=lock,name=pool"))
        self.assertIn("run as refcount",
                      self.draw(f"dwarf:{program}:{page},hot=key_,lock=pins_,name=pins"))

    def test_templates_among_others_in_a_list(self):
        program = self.example(".cc")
        page = self.name_of(program, self.PAGE)
        text = self.draw(f"pointer,dwarf:{program}:{page},hot=key_,lock=latch_,padded")
        self.assertEqual(re.findall(r"(?m)^([a-z]\S*): ", text),
                         ["pointer", "dwarf-db.Page", "padded"])

    def test_a_name_without_its_namespace_is_offered_with_it(self):
        program = self.example(".cc")
        self.assertIn("nearest: db::Pool", self.refuses("show", "structure", "--layout",
                                                        f"dwarf:{program}:Pool"))

    def test_hidden_members_and_virtual_bases(self):
        program = self.text(".cc", """
            namespace n { inline namespace v1 { struct base { int x; virtual ~base() {} }; } }
            struct left : n::base { int x; static int none; };
            struct mine : virtual left { char c; struct impl; impl *p; };
            struct mine::impl { long hidden; };
            struct mutex { char c[40]; };
            struct plain { mutex m; };
            mine m; left l; mine::impl i; plain p; int main() { return l.x; }
            """)
        text = self.members(f"dwarf:{program}:left")
        self.assertIn("8      4  base::x: int", text)
        self.assertIn("12      4  x: int", text)
        self.assertNotIn("none", "".join(text))
        members = self.members(f"dwarf:{program}:mine")
        self.assertIn("8      1  c: char", members)
        self.assertNotIn("x: int", " ".join(members))
        self.assertIn("hidden: long", self.members(f"dwarf:{program}:mine::impl")[1])
        self.assertIn("16 bytes", self.members(f"dwarf:{program}:n::base")[0])
        self.assertIn("16 bytes", self.members(f"dwarf:{program}:n::v1::base")[0])
        self.assertEqual(self.members(f"dwarf:{program}:plain")[1], "0     40  m: mutex")


@with_libdw
class Measured(DwarfCase):
    @two_pus
    def test_whatif_in_c_and_in_cpp(self):
        page = "db::Page<unsigned long, 8>"
        for language, structure, read, write in ((".c", "page", "page_id,frame", "pins"),
                                                 (".cc", page, "key_,flags", "pins_")):
            program = self.example(language)
            if language == ".cc":
                structure = CPlusPlus.name_of(self, program, structure)
            self.succeeds("run", "whatif", "--layout", f"dwarf:{program}:{structure},name=own",
                          "--read", read, "--write", write, "--move", f"{write}=256", *BRIEF)
            self.assertIn("share line 0", self.table())
            self.assertIn("as moved: no field that is read shares", self.table())
            with open(self.path("out/samples.csv"), encoding="utf-8") as file:
                rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
            self.assertEqual({row["layout"] for row in rows} - {""}, {"own", "own:moved"})
            shutil.rmtree(self.path("out"))

    @two_pus
    def test_sweep(self):
        program = self.example(".c")
        self.succeeds("sweep", "--scenario", "same-object", "--threads", "1", "--rounds", "1",
                      *BRIEF[2:], "--layout",
                      f"pointer,dwarf:{program}:page,hot=page_id+lsn,lock=latch,name=own")
        with open(self.path("out/samples.csv"), encoding="utf-8") as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
        self.assertLessEqual({"pointer", "own"}, {row["layout"] for row in rows})
        # What was swept is gone on with where the program is no more what it was.
        self.succeeds("sweep", "--resume", "out")

    def test_arrays(self):
        """A suite about objects of its own says so, rather than leave the layout out."""
        self.assertIn("--layout: means nothing to suite arrays", self.refuses(
            "run", "arrays", "--layout",
            f"dwarf:{self.example('.c')}:page,hot=page_id+lsn,lock=latch"))

    @two_pus
    def test_run(self):
        self.succeeds("run", "--scenario", "same-object", "--threads", "1", *BRIEF, "--layout",
                      f"dwarf:{self.example('.c')}:page,hot=page_id+lsn,lock=latch")


if __name__ == "__main__":
    sys.exit(main())
