# METADATA
# scope: package
# title: Two persons for one call
# description: |
#   A tool whose registry record carries the label approvers is called only when one of them, who is not the caller, has
#   approved this very call:
#
#       tools:
#         wipe_device: { scopes: [devices:wipe], labels: { approvers: [olga, pedro] } }
#
#   The gateway vouches for the approval and hands it on in the request's context; never take it from the client:
#
#       "context": { "extra": { "approval": { "by": "olga", "subject": "user-1", "operation": "tools/call wipe_device",
#         "arguments": { "device": "d-17" }, "until": 1795435500 } } }
#
#   until is in seconds since the epoch. audgate keeps nothing between calls: an approval that is to be used once only
#   is withdrawn by the gateway.
package custom.two_person

default satisfied := false

satisfied if not guarded

satisfied if {
	approval.by in input.registered.operation.labels.approvers
	approval.by != input.token.subject
	approval.subject == input.token.subject
	approval.operation == input.registered.operation.name
	approval.arguments == input.call.arguments
	is_number(approval.until)
	input.now < approval.until
}

denials contains {
	"code": "approval_missing",
	"message": "This call needs a second person's approval. Ask for it, then call again.",
} if {
	not satisfied
	not approval
}

denials contains {
	"code": "approval_not_valid",
	"message": "The approval is not for this call, not by another person who may give it, or has ended. Ask for a new one.",
	"expected": [input.registered.operation.name],
} if {
	not satisfied
	approval
}

# Whatever the label's value is: one of the wrong type closes the tool. The core denies an operation without record.
guarded if "approvers" in object.keys(input.registered.operation.labels)

approval := given if {
	given := input.context.extra.approval
	is_object(given)
}
