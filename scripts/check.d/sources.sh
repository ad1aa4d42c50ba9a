# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Checks of the sources: what reads, builds or proves them.

sources() { find swimmem include kunit samples bench -name '*.[ch]' ! -name '*.mod.c' | sort; }

# Build for one kernel without a single warning.
build()
{
	local name=$1 log=build/log/warnings-$1.log
	shift
	scripts/build "$name" "$@" >"$log" 2>&1 || { cat "$log"; return 1; }
	grep -iE 'warning|error:' "$log" | grep -vE 'compiler differs|Skipping BTF' || return 0
	# What was built with warnings must be built again to warn again.
	rm -rf "build/$name"
	return 1
}

# Sparse warns of an address that is taken out of a lease unpinned, and of nothing else.
unpinned()
{
	local work=build/sparse said
	rm -rf $work
	mkdir -p $work
	cp scripts/sparse.d/unpinned.c $work
	printf 'obj-m := unpinned.o\nccflags-y := -I%s/include\n' "$PWD" >$work/Kbuild
	said=$(make -C "$(scripts/kernel stock-6.1)/build" M="$PWD/$work" C=2 KBUILD_MODPOST_WARN=1 modules 2>&1)
	echo "$said"
	diff <(grep -n 'WARN \*/' scripts/sparse.d/unpinned.c | cut -d: -f1) \
		<(sed -nE 's/^.*unpinned\.c:([0-9]+):.*warning: .*address space.*/\1/p' <<<"$said" | sort -nu)
}

# The core takes pages and nothing else; only what observes may use the slab allocator.
no_slab()
{
	local objects
	objects=$(find build/stock-6.1/swimmem -name '*.o' ! -name '*.mod.o' ! -name swimmem.o ! -path '*/observe/*')
	[ -n "$objects" ] || { echo "no objects found in build/stock-6.1/swimmem"; return 1; }
	# shellcheck disable=SC2086
	if nm -A -u $objects | grep -E ' U (_*k[mzvc]alloc|krealloc|kvmalloc|kmem_cache|kfree|kmalloc_caches|kstrdup)'; then
		return 1
	fi
}

# compat.h asks for the kernel's version. Where a macro's argument is a type or a member it may be named twice, and cannot
# stand in parentheses; nor can a macro that defines functions.
style()
{
	sources | xargs -P "$(nproc)" -n 8 perl "$linux/scripts/checkpatch.pl" --no-tree --strict --terse --no-summary \
		--ignore MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE,COMPLEX_MACRO,LINUX_VERSION_CODE -f
}

# What is exported has complete kernel-doc.
kernel_doc()
{
	local files=() file
	for file in $(sources); do
		case $file in swimmem/* | include/*) files+=("$file") ;; esac
	done
	perl "$linux/scripts/kernel-doc" -none -Werror "${files[@]}"
}

# The first example of the README is a file that is built here.
readme() { diff -u <(awk '/^```c$/ { on = 1; next } /^```$/ && on { exit } on' README.md) samples/client.c; }

version()
{
	local version
	version=$(make -s version)
	grep -x "PACKAGE_VERSION=\"$version\"" dkms.conf ||
		{ echo "dkms.conf must say PACKAGE_VERSION=\"$version\", as the Makefile does"; return 1; }
}

# Each model is a step, and each rule of Coccinelle; of one CPU, so that as many run at once as there are CPUs.
models()
{
	local files=(Documentation/models/*.pml) file
	echo "        exploring ${#files[@]} models"
	for file in "${files[@]}"; do
		queue count "model $(basename "$file" .pml)" scripts/model "$file"
	done
	run_queue "$(nproc)"
}

coccinelle()
{
	local rule
	for rule in $(basename -s .cocci scripts/coccinelle/*.cocci); do
		queue count "coccinelle $rule" scripts/coccicheck "$rule"
	done
	run_queue "$(nproc)"
}

# Nor do the kernel's own rules for Coccinelle find anything, but what is there to be found. What they see is a copy
# elsewhere: here are builds, too, and where git ignores files, so does spatch. Rules in OCaml would need a compiler.
kernels_rules()
{
	local catch=scripts/coccinelle/samples/kernel-catch.c work said
	work=$(mktemp -d)
	rsync -rtR --exclude='*.mod.c' --include='*/' --include='*.[ch]' --exclude='*' \
		swimmem include kunit samples bench $catch "$work"
	# shellcheck disable=SC2016 # the inner shell's own
	said=$(grep -rL ocaml "$linux/scripts/coccinelle" --include='*.cocci' | xargs grep -l '^virtual report' |
		xargs -P "$(nproc)" -I{} sh -c 'spatch -D report --very-quiet --no-show-diff \
			$(sed -n "s|^// Options: ||p" "$1") --cocci-file "$1" --dir "$2" 2>/dev/null' sh {} "$work")
	rm -rf "$work"
	echo "$said"
	diff <(grep -n '/\* CATCH \*/' $catch | cut -d: -f1 | sed "s|^|$catch:|") \
		<(sed -nE "s|^$work/([^ :]+:[0-9]+):.*|\1|p" <<<"$said" | sort -u)
}
