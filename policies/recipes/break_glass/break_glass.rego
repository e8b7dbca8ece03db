# METADATA
# scope: package
# title: A window for emergencies
# description: |
#   A tool whose registry record carries the label break_glass is closed, but for named users in a window of at most four
#   hours, in seconds since the epoch (`date -u -d 2026-11-23T12:00:00Z +%s`):
#
#       tools:
#         drop_table: { scopes: [db:admin], labels: { break_glass: { from: 1795433400, until: 1795440600, subjects: [dana] } } }
#
#   Opening it is a reviewed change of the registry, and it closes by itself. `break_glass: {}` keeps it closed. A window
#   that is longer than four hours opens nothing.
package custom.break_glass

default satisfied := false

satisfied if not guarded

satisfied if {
	input.token.subject in window.subjects
	input.now >= window.from
	input.now < window.until
	window.until - window.from <= max_seconds
}

denials contains {
	"code": "window_closed",
	"message": "This tool is open in emergencies only, to named users. Have a window opened in the registry.",
} if {
	not satisfied
}

# Four hours: a window that outlasts a shift is a permission.
max_seconds := 14400

# Whatever the label's value is: one of the wrong type closes the tool. The core denies an operation without record.
guarded if "break_glass" in object.keys(input.registered.operation.labels)

window := input.registered.operation.labels.break_glass
