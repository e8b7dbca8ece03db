# METADATA
# scope: package
# title: Only these clients
# description: |
#   A tool whose registry record carries the label clients is called with tokens of these clients only (client_id):
#
#       tools:
#         merge: { scopes: [repos:write], labels: { clients: [review-bot, release-bot] } }
package custom.client_allow_list

default satisfied := false

satisfied if not limited

satisfied if input.token.client_id in input.registered.operation.labels.clients

denials contains {
	"code": "client_not_listed",
	"message": "This tool is not open to this client. Have its client_id added to the label clients.",
	"actual": [input.token.client_id],
} if {
	not satisfied
}

# Whatever the label's value is: one of the wrong type closes the tool. The core denies an operation without record.
limited if "clients" in object.keys(input.registered.operation.labels)
