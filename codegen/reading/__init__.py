"""From a file to its operations, in any version of OpenAPI, and to what is wrong with them."""
