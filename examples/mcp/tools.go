package main

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/bearergate/bearergate/middleware"
)

type listing struct {
	Owner  string   `json:"owner"`
	Orders []string `json:"orders"`
}

// listOrders has the token of this very call in its context.
func listOrders(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, listing, error) {
	token, _ := middleware.FromContext(ctx)
	return nil, listing{token.Subject, []string{"tea", "biscuits"}}, nil
}

type order struct {
	Item string `json:"item" jsonschema:"what to order"`
}

type receipt struct {
	Owner string `json:"owner"`
	Item  string `json:"item"`
}

func createOrder(ctx context.Context, _ *mcp.CallToolRequest, o order) (*mcp.CallToolResult, receipt, error) {
	token, _ := middleware.FromContext(ctx)
	return nil, receipt{token.Subject, o.Item}, nil
}
