package authdetails_test

import (
	"context"
	"fmt"

	"github.com/bearergate/bearergate/authdetails"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// granted is a token with one object of authorization details, as validators hand it to a policy.
func granted(details map[string]any) middleware.Token {
	return middleware.Token{Claims: oauthtest.Claims(map[string]any{"authorization_details": []any{details}})}
}

// A route that reads account balances, for clients that were granted that by details or, as long as there are such, by
// scope.
func ExampleNeed_Check() {
	policy := middleware.Policy{Check: authdetails.Need{
		Type:      "account_information",
		Location:  "https://api.example.com",
		Actions:   []string{"read_balances"},
		DataTypes: []string{"accounts"},
	}.Check}

	for _, action := range []string{"read_balances", "list_accounts"} {
		err := policy.Check(context.Background(), granted(map[string]any{
			"type":      "account_information",
			"locations": []string{"https://api.example.com"},
			"actions":   []string{action},
			"datatypes": []string{"accounts"},
		}))
		fmt.Println(action, err == nil)
	}
	// Output:
	// read_balances true
	// list_accounts false
}

// A route for payments to one creditor, which only this service knows how to compare.
func ExamplePermit() {
	type payment struct {
		Creditor string `json:"creditorName"`
	}
	policy := middleware.Policy{Check: authdetails.Permit("payment_initiation", "https://api.example.com", func(p payment) bool {
		return p.Creditor == "Merchant A"
	})}

	for _, creditor := range []string{"Merchant A", "Merchant B"} {
		err := policy.Check(context.Background(), granted(map[string]any{"type": "payment_initiation", "creditorName": creditor}))
		fmt.Println(creditor, err == nil)
	}
	// Output:
	// Merchant A true
	// Merchant B false
}
