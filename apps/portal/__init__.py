"""The portal: what stands above all other apps, such as the first filling of a cloud."""
