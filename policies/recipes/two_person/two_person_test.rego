package custom.two_person_test

import data.audgate.testing
import data.custom.two_person

# What the rule says of the operation with `labels`, called as `changed` says.
judged(labels, changed) := result if {
	labelled := object.union(testing.valid, {"registered": {"operation": {"labels": labels}}})
	asked := object.union(labelled, changed)
	result := {"satisfied": two_person.satisfied, "codes": testing.codes(two_person.denials)} with input as asked
}

satisfied := {"satisfied": true, "codes": set()}

denied(code) := {"satisfied": false, "codes": {code}}

# Neither proved nor denied by name: the core reports it as rule_not_satisfied.
unproved := {"satisfied": false, "codes": set()}

test_an_operation_without_the_label_satisfies if {
	judged({}, {}) == satisfied
	judged({"other": 1}, {}) == satisfied
}

test_an_unknown_operation_is_left_to_the_core if {
	two_person.satisfied with input as testing.without("registered/operation")
}

call := {"arguments": {"device": "d-17"}}

# Of testing.valid, whose subject is user-1.
approval := {
	"by": "olga",
	"subject": "user-1",
	"operation": "tools/call read_file",
	"arguments": {"device": "d-17"},
	"until": testing.now + 1,
}

approved(changed) := judged(
	{"approvers": ["olga", "user-1"]},
	{"call": call, "context": {"extra": {"approval": object.union(approval, changed)}}},
)

test_an_approval_of_this_call_by_another_satisfies if approved({}) == satisfied

test_any_other_approval_denies if {
	every changed in [
		{"by": "mallory"}, {"by": "user-1"}, {"by": null}, {"subject": "user-2"}, {"operation": "tools/call other"},
		{"arguments": {"device": "d-18"}}, {"arguments": {"device": "d-17", "force": true}},
		{"until": testing.now}, {"until": "later"}, {"until": null},
	] {
		approved(changed) == denied("approval_not_valid")
	}
}

test_an_approval_without_one_of_its_members_denies if {
	every member in object.keys(approval) {
		part := object.remove(approval, [member])
		changed := {"call": call, "context": {"extra": {"approval": part}}}
		judged({"approvers": ["olga"]}, changed) == denied("approval_not_valid")
	}
}

test_no_approval_denies if {
	judged({"approvers": ["olga"]}, {"call": call}) == denied("approval_missing")
	every given in [null, true, "olga", ["olga"]] {
		changed := {"call": call, "context": {"extra": {"approval": given}}}
		judged({"approvers": ["olga"]}, changed) == denied("approval_missing")
	}
}

test_a_token_without_subject_is_nobodys if {
	anonymous := object.union(
		testing.without("token/subject"),
		{
			"call": call,
			"context": {"extra": {"approval": approval}},
			"registered": {"operation": {"labels": {"approvers": ["olga"]}}},
		},
	)
	not two_person.satisfied with input as anonymous
}

test_approvers_that_are_no_list_satisfy_nothing if {
	every label in ["olga", null, false, 1] {
		changed := {"call": call, "context": {"extra": {"approval": approval}}}
		judged({"approvers": label}, changed) == denied("approval_not_valid")
	}
}
