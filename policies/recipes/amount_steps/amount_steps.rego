# METADATA
# scope: package
# title: Limits by steps, with units
# description: |
#   A tool whose registry record carries the label amount_steps takes an amount in a currency up to the highest step
#   whose scope the token carries, so that larger amounts need a scope that is harder to get:
#
#       tools:
#         pay:
#           scopes: [pay]
#           labels:
#             amount_steps:
#               - { currency: EUR, up_to: 100, scope: pay }
#               - { currency: EUR, up_to: 5000, scope: "pay:large" }
#               - { currency: JPY, up_to: 15000, scope: pay }
#
#   A currency without a step is closed: 100 of one is not 100 of another.
package custom.amount_steps

default satisfied := false

satisfied if not limited

satisfied if {
	amount >= 0
	some limit in limits
	amount <= limit
}

denials contains {
	"code": "amount_missing",
	"message": "This tool needs the argument amount, a number, and its currency. Send both in the call's arguments.",
} if {
	not satisfied
	not amount
}

denials contains {
	"code": "currency_not_open",
	"message": "With its scopes this token pays nothing in this currency. Use another, or ask for the scope of a step.",
} if {
	not satisfied
	count(limits) == 0
}

denials contains {
	"code": "amount_out_of_range",
	"message": "The amount is out of what this token's scopes open. Lower it, or ask for the scope of a higher step.",
	"expected": [0, max(limits)],
	"actual": [amount],
} if {
	not satisfied
}

# Whatever the label's value is: one of the wrong type closes the tool. The core denies an operation without record.
limited if "amount_steps" in object.keys(input.registered.operation.labels)

# Those that the token opens, in the call's currency.
limits contains step.up_to if {
	some step in input.registered.operation.labels.amount_steps
	step.currency == input.call.arguments.currency
	step.scope in input.token.scopes
	is_number(step.up_to)
}

amount := given if {
	given := input.call.arguments.amount
	is_number(given)
}
