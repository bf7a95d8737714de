"""Parts of make_corpus: voices, texts, sounds, and the kinds of clips made of them."""
