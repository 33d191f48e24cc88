package authdetails_test

import (
	"github.com/bearergate/bearergate/authdetails"
	"github.com/bearergate/bearergate/middleware"
)

// A route that reads account balances, for clients that were granted that by details or, as long as there are such, by
// scope.
func ExampleNeed_Check() {
	_ = middleware.Policy{Check: authdetails.Need{
		Type:      "account_information",
		Location:  "https://api.example.com",
		Actions:   []string{"read_balances"},
		DataTypes: []string{"accounts"},
	}.Check}
}

// A route for payments up to what was granted.
func ExamplePermit() {
	type payment struct {
		Creditor string `json:"creditorName"`
	}
	_ = middleware.Policy{Check: authdetails.Permit("payment_initiation", "https://api.example.com", func(p payment) bool {
		return p.Creditor == "Merchant A"
	})}
}
