# METADATA
# scope: package
# title: Agents may read, not write
# description: |
#   At a server that carries the label agents, a token with an actor (act.sub, RFC 8693: software that acts for a user)
#   opens only operations that are labelled effect: read, beside what every client needs to look around:
#
#       servers:
#         files:
#           actors: [agent-platform]
#           labels: { agents: read_only }
#           tools:
#             read_file: { scopes: [files:read], labels: { effect: read } }
#             write_file: { scopes: [files:write] }
#
#   What carries no label counts as writing. An agent that shows the user's own token, without act, cannot be told from
#   the user: have the authorization server issue delegated tokens to agents.
package custom.read_only_agents

default satisfied := false

satisfied if not governed

satisfied if not input.token.actor

satisfied if input.registered.operation.labels.effect == "read"

satisfied if input.call.method in harmless

satisfied if startswith(input.call.method, "notifications/")

# Left to the core, which denies it by its own reason.
satisfied if not input.registered.operation

harmless := {
	"initialize", "ping", "server/discover", "logging/setLevel",
	"tools/list", "prompts/list", "resources/list", "resources/templates/list",
}

denials contains {
	"code": "agent_may_not_write",
	"message": "Agents may only read here. Let the user make this call, or have the operation labelled effect: read.",
	"actual": [input.token.actor],
} if {
	not satisfied
}

governed if "agents" in object.keys(input.registered.server.labels)
