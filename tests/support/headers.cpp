// The headers of this target are precompiled for all tests; it has nothing of its own.
int main() {}
