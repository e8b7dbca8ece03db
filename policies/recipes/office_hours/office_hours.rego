# METADATA
# scope: package
# title: Office hours for one tool
# description: |
#   A tool whose registry record carries the label office_hours is called on Monday to Friday between two full hours
#   only, UTC:
#
#       tools:
#         deploy: { scopes: [deploy:write], labels: { office_hours: { from: 8, until: 17 } } }
package custom.office_hours

default satisfied := false

satisfied if not limited

satisfied if {
	input.time.weekday <= 5
	input.time.hour >= hours.from
	input.time.hour < hours.until
}

denials contains {
	"code": "outside_office_hours",
	"message": $"This tool is open Monday to Friday from {hours.from} to {hours.until} o'clock UTC. Call it then.",
	"expected": [hours.from, hours.until],
	"actual": [input.time.date, input.time.hour],
} if {
	not satisfied
}

# Whatever the label's value is: one of the wrong type closes the tool. The core denies an operation without record.
limited if "office_hours" in object.keys(input.registered.operation.labels)

# A text would be later than every hour, so both ends are proved to be numbers.
hours := label if {
	label := input.registered.operation.labels.office_hours
	is_number(label.from)
	is_number(label.until)
}
