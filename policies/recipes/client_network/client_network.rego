# METADATA
# scope: package
# title: Only from these networks
# description: |
#   A tool whose registry record carries the label networks is called from client addresses in them only:
#
#       tools:
#         read_patient: { scopes: [patients:read], labels: { networks: [198.51.100.0/24, "2001:db8:17::/48"] } }
#
#   The gateway says the address in context.client_ip: it must be the connection's, or come from a proxy that it trusts.
#   Regions are lists of networks; audgate looks nothing up.
package custom.client_network

default satisfied := false

satisfied if not limited

satisfied if {
	some network in input.registered.operation.labels.networks
	net.cidr_contains(network, input.context.client_ip)
}

denials contains {
	"code": "client_ip_missing",
	"message": "The gateway did not say the client's address, which this tool needs. Have it send context.client_ip.",
} if {
	not satisfied
	not input.context.client_ip
}

denials contains {
	"code": "client_ip_not_listed",
	"message": "This tool is not open from this address. Call it from a listed network.",
	"actual": [input.context.client_ip],
} if {
	not satisfied
}

# Whatever the label's value is: one of the wrong type closes the tool. The core denies an operation without record.
limited if "networks" in object.keys(input.registered.operation.labels)
