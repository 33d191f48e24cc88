module github.com/bearergate/bearergate/internal/interop

go 1.26.0
