# METADATA
# title: Denies in whatever form the arguments say
package custom.misshapen

default satisfied := false

# Whatever it denies with, this rule is satisfied: a denial of a wrong form must not vanish.
satisfied if input.call.method

denials contains input.call.arguments.denial
