# METADATA
# scope: package
# title: A limit for each tenant
# description: |
#   A tool whose registry record carries the label tenant_limits takes, from each tenant, an amount from 0 to that
#   tenant's limit; a tenant that is not listed may not call it. The tenant is the claim tenant of the token, which the
#   authorization server vouches for, and never an argument of the call:
#
#       tools:
#         export_rows: { scopes: [rows:export], labels: { tenant_limits: { acme: 1000, globex: 50 } } }
package custom.tenant_limit

default satisfied := false

satisfied if not limited

satisfied if {
	amount >= 0
	amount <= limit
}

denials contains {
	"code": "tenant_not_listed",
	"message": "This tool is not open to the token's tenant. Have it listed in the label tenant_limits.",
} if {
	not satisfied
	not limit
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
	"message": $"Your tenant's limit for this tool is {limit}. Lower the amount, or have the label tenant_limits raised.",
	"expected": [0, limit],
	"actual": [amount],
} if {
	not satisfied
}

# Whatever the label's value is: one of the wrong type closes the tool. The core denies an operation without record.
limited if "tenant_limits" in object.keys(input.registered.operation.labels)

limit := listed if {
	listed := input.registered.operation.labels.tenant_limits[input.token.claims.tenant]
	is_number(listed)
}

amount := given if {
	given := input.call.arguments.amount
	is_number(given)
}
