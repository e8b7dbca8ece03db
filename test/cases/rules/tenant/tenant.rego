# METADATA
# title: The token is of the server's tenant
package custom.tenant

default satisfied := false

satisfied if not input.registered.server.labels.tenant

satisfied if input.token.claims.tenant == input.registered.server.labels.tenant

denials contains {
	"code": "other_tenant",
	"expected": [input.registered.server.labels.tenant],
	"actual": [input.token.claims.tenant],
} if {
	input.token.claims.tenant != input.registered.server.labels.tenant
}
