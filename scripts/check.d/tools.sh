# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Checks of the tools in scripts/.

# What is not run here is at least read.
scripts_parse()
{
	local file
	for file in .ci/run $(grep -lE '^#!.*(bash|sh)$' -r scripts) scripts/common.sh scripts/{guest,check}.d/*.sh; do
		bash -n "$file"
	done
	/usr/bin/python3 - scripts/*.py scripts/top <<-'END'
		import ast, sys
		for name in sys.argv[1:]:
		    ast.parse(open(name).read(), name)
	END
}

# A small tree, as debugfs has it: two pools, of which one has compacted.
watched()
{
	local pool
	rm -rf build/watched
	for pool in flows global; do
		mkdir -p build/watched/pools/$pool
	done
	cat >build/watched/pools/flows/stats <<-'END'
		held                        2097152 bytes
		live                          14563 objects
		used                        1456400 bytes
		tags                         116504 bytes
		utilisation                    75.0 %
		moved_bytes                  524288 bytes
		cancelled                         3 moves
		refused                          12 moves
	END
	sed -E 's/[0-9][0-9.]*/0/' build/watched/pools/flows/stats >build/watched/pools/global/stats
	cat >build/watched/pools/flows/pauses <<-'END'
		# interrupts off at a time, for one move or several: from and below, in ns; times
		        0..       64 ns                0
		       64..      128 ns              150
		      128..          ns                7
		worst                ns             1536
	END
	cat >build/watched/pools/flows/costs <<-'END'
		# bytes moved for each byte freed, above and up to; compactions
		0    .. 0.25                      0
		0.25 .. 0.5                       2
		0.5  ..                           1
		moved                        524288 bytes
		freed                       1048576 bytes
		cost                           0.50 bytes/byte
	END
	cat >build/watched/pools/flows/history <<-'END'
		# ms since boot, held and live in bytes, live with tags; so far: bytes moved, hunks freed, moves cancelled
		        1000          4194304          1572904                0            0            0
		        1500          2097152          1572904           524288           32            1
		        2500          3145728          1572904           524288           32            1
		        3000          2097152          1572904          1048576           48            3
	END
}

live_view()
{
	local said
	watched
	diff - <(scripts/top --root build/watched --once) <<-'END'
		name        held*       live utilisation                  moved MB/s  cancelled    refused  worst pause
		flows     2.0 MiB    1.5 MiB ###############.....  75.0 %          -          3         12       1.5 us
		global        0 B        0 B ....................   0.0 %          -          0          0            -
	END
	diff - <(scripts/top --root build/watched --once --sort name | cut -d' ' -f1) <<<$'name*\nflows\nglobal'
	# Where nothing can be read it says so, and ends.
	said=$(scripts/top --root build/watched/pools --once 2>&1) && return 1
	[[ $said == *"there is no build/watched/pools/pools"* ]]
	said=$(scripts/top --root build/watched </dev/null 2>&1) && return 1
	[[ $said == *"no terminal"* ]]
}

# Each sample has a mark in each line, and each step of a histogram a bar as high as it says.
plots()
{
	local flows=build/watched/pools/flows
	watched
	/usr/bin/python3 scripts/plot.py history $flows/history build/watched/history.svg
	/usr/bin/python3 scripts/plot.py pauses $flows/pauses $flows/costs build/watched/pauses.svg
	/usr/bin/python3 - build/watched <<-'END'
		import re, sys
		import xml.etree.ElementTree as xml

		SVG = "{http://www.w3.org/2000/svg}"

		def groups(name):
		    root = xml.parse(f"{sys.argv[1]}/{name}.svg").getroot()
		    assert root.tag == SVG + "svg", root.tag
		    return {group.get("id"): group for group in root.iter(SVG + "g") if group.get("id")}

		def ys(group):
		    return [float(mark.get("y")) for mark in group.iter(SVG + "use")]

		history = groups("history")
		for line in "utilisation", "held", "live", "moved", "freed", "cancelled":
		    assert len(ys(history[line])) == 4, (line, ys(history[line]))
		# Down is more in SVG: utilisation is 37.5, 75, 50 and 75 %.
		a, b, c, d = ys(history["utilisation"])
		assert abs((a - b) / (c - b) - 37.5 / 25) < 1e-3 and abs(b - d) < 1e-3, (a, b, c, d)
		assert len(set(ys(history["live"]))) == 1

		def heights(name, count):
		    found = []
		    for i in range(count):
		        path = pauses[f"{name}-{i}"].find(SVG + "path").get("d")
		        y = [float(y) for y in re.findall(r"[ML] \S+ (\S+)", path)]
		        found.append(max(y) - min(y))
		    assert f"{name}-{count}" not in pauses
		    return found

		pauses = groups("pauses")
		none, many, few = heights("pause", 3)
		assert none == 0 < few < many, (none, few, many)
		none, two, one = heights("cost", 3)
		assert none == 0 and abs(two - 2 * one) < 1e-3, (none, one, two)
	END
}

# What a guest has told becomes a table and a picture, and what it has not is a failure.
figures()
{
	local folder=build/watched/bench said
	rm -rf $folder
	mkdir -p $folder
	cat >$folder/log <<-'END'
		[    2.24] bench: pair pool size=64 instructions 79.00 79.00 79.00 81.00 90.00 1000
		[    2.25] bench: pair pool size=4096 instructions 4210.50 4210.00 4211.00 4212.00 4300.00 1000
		[    2.26] bench: pair kmem_cache size=64 instructions 300.00 300.00 300.00 302.00 302.00 1000
		[    2.27] bench: topic pairs done 0
	END
	said=$(/usr/bin/python3 scripts/results.py $folder/json counted=$folder/log native=$folder/log 2>&1) && return 1
	grep -qx 'results: not measured: pin_ns: access raw cleaner=no,how=pin,objects=1 in the native guest' <<<"$said"
	if grep -E ': pair_(instr|ns)_(pool|slub):' <<<"$said"; then
		return 1
	fi
	said=$(/usr/bin/python3 scripts/report.py bench $folder/json 2>$folder/missing) && return 1
	grep -qx 'report: not measured: all of handed in the native guest' $folder/missing
	diff - <(grep -A 4 '^Alloc + free at once, instructions on' <<<"$said") <<-'END'
		Alloc + free at once, instructions on Debian's 6.1, by size in bytes:

		                64   4096
		  pool        79.0  4,210
		  kmem_cache   300
	END
	grep -qE '^  pool: alloc \+ free +79.0 +instr +pair_instr_slub 300 +0.26 .* yes$' <<<"$said"
	/usr/bin/python3 scripts/draw.py $folder/json $folder 2>$folder/missing && return 1
	grep -qx 'draw: not measured: all of batch in the native guest' $folder/missing
	grep -q 'id="pair-kmem_cache"' $folder/pairs.svg
}
