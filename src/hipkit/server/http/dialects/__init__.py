"""What the two versions of the API do differently; `hipkit.server.http.call.Dialect` is both."""
