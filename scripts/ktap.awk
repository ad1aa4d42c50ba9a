# SPDX-License-Identifier: GPL-2.0-only
#
# Read a guest's log and print one line for each KUnit case: `passed|failed|skipped SUITE CASE`.
# A suite that was loaded and ran no case is a failed case of its own; so are cases of which there is no line.
#
#	awk -f scripts/ktap.awk LOG

function finish()
{
	if (suite != "" && !cases)
		print "failed", suite, "(no_case_ran)"
	for (; cases < planned; cases++)
		print "failed", suite != "" ? suite : subtest, "(a_case_without_a_line)"
	planned = 0
}

{ sub(/^\[ *[0-9.]+\] /, "") }				# the time, where the kernel prints it

/guest: suite / { finish(); suite = $3; cases = 0 }
/guest: exit /  { finish(); suite = ""; cases = 0 }
/^    # Subtest: / { subtest = $3 }
/^    1\.\.[0-9]+$/  { sub(/.*\./, ""); planned += $0 }

# Cases stand four columns in; what stands deeper are the parameters of one.
/^    (not )?ok [0-9]+ / {
	result = /# SKIP/ ? "skipped" : /^    not/ ? "failed" : "passed"
	sub(/^    (not )?ok [0-9]+ (- )?/, "")
	sub(/ .*/, "")
	print result, suite != "" ? suite : subtest, $0
	cases++
}
