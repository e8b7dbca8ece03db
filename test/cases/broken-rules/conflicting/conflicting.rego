# METADATA
# title: Breaks when the arguments say so
# description: A rule with two values at once is an error of evaluation, which the module throws.
package custom.conflicting

default satisfied := false

satisfied if word == "right"

denials contains {"code": "wrong"} if word == "wrong"

word := input.call.arguments.first

word := input.call.arguments.second
