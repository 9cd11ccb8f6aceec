"""What benchmarks/serve.py and serve_soak.py share: clients that cost little, and the servers of the other sides."""
