# METADATA
# scope: package
# title: Paths below listed folders only
# description: |
#   A tool whose registry record carries the label folders takes an argument path that lies below one of them:
#
#       tools:
#         read_file: { scopes: [files:read], labels: { folders: [/srv/docs, /srv/public] } }
#
#   What a path may look like is listed, not what it may not: names of ASCII letters, digits, spaces and _ - . that do
#   not begin with a dot, joined by single slashes. So there is no . or .., no \, no %2e, no hidden file, and no character
#   that a file system may read as another. Links are the server's to refuse: audgate sees no files.
package custom.path_prefix

default satisfied := false

satisfied if not limited

satisfied if {
	regex.match(`^(/[A-Za-z0-9_-][A-Za-z0-9_. -]*)+$`, input.call.arguments.path)
	some folder in input.registered.operation.labels.folders
	startswith(input.call.arguments.path, concat("", [folder, "/"]))
}

denials contains {
	"code": "path_not_open",
	"message": "This tool takes a plain path below a listed folder. Send one without dots, escapes or empty names.",
	"expected": [folder | some folder in input.registered.operation.labels.folders],
} if {
	not satisfied
}

# Whatever the label's value is: one of the wrong type closes the tool. The core denies an operation without record.
limited if "folders" in object.keys(input.registered.operation.labels)
