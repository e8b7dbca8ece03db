# METADATA
# scope: package
# title: A limit on refunds
# description: |
#   A tool whose registry record carries the label max_refund pays back more than nothing and at most that limit.
#
#   Whoever calls the tool writes its arguments, so the amount is proved to be a number before it is compared: in Rego
#   every text is greater than every number.
package custom.refund_limit

default satisfied := false

satisfied if not limited

satisfied if {
	amount > 0
	amount <= limit
}

denials contains {
	"code": "amount_missing",
	"message": "This tool needs the argument amount, a number. Send it in the call's arguments.",
	"expected": [limit],
} if {
	not amount
}

denials contains {
	"code": "amount_out_of_range",
	"message": $"This tool pays back at most {limit}. Lower the amount, or have the label max_refund raised.",
	"expected": [limit],
	"actual": [amount],
} if {
	not satisfied
}

# Whatever the label's value is: one of the wrong type must close the tool, not open it.
limited if "max_refund" in object.keys(input.registered.operation.labels)

limit := label if {
	label := input.registered.operation.labels.max_refund
	is_number(label)
}

amount := given if {
	given := input.call.arguments.amount
	is_number(given)
}
