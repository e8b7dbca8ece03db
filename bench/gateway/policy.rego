# The question as Envoy asks it, put to the policy that OPA's server runs in the other benchmark.
package bench.envoy

question := {
	"server": data.bench_resources[input.server],
	"token": input.token,
	"call": {"method": input.message.method, "tool": input.message.params.name},
}

default allow := false

allow if {
	decision := data.bench.decide with input as question
	decision.allow
}
