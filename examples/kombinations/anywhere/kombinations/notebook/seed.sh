# Fills the volume once; what is there already stays.
test -e /notes/first.txt || echo 'the first note' >/notes/first.txt
