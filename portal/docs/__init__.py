"""The docs as pages: guides out of docs/, references out of both OpenAPI documents."""
