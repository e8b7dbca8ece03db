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

# The core denies an unknown operation; there is no label to ask for.
satisfied if not input.registered.operation

satisfied if object.get(input.registered.operation.labels, "office_hours", "none") == "none"

# A text would be later than every hour, so both ends are proved to be numbers.
satisfied if {
	is_number(hours.from)
	is_number(hours.until)
	input.time.weekday in [1, 2, 3, 4, 5]
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

hours := input.registered.operation.labels.office_hours
