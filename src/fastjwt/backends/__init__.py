"""What does the work: `native` (C and libcrypto) or `pyca` (the cryptography package), behind one interface."""
