// Verify checks a log with the Go project's own transparency log packages, which share no code with ours.
//
//	verify [-old checkpoint] [-proofs file] <vkey> <directory or URL>
//
// It opens <base>/checkpoint with the key, recomputes the root from every entry of every bundle, compares every hash
// tile with what the entries call for, proves and checks a sample of leaves through the tiles, and checks that an older
// checkpoint is a beginning of this one. The file of proofs has lines "leaf <index> <hash>..." and
// "tree <size> <root> <hash>...".
//
// The tiles are not left to tlog.TileHashReader alone: where several subtrees of the root share a tile, 0.7.0 takes
// as many other tiles unchecked.
//
// Needs only golang.org/x/mod; works with 0.7.0 (Debian: golang-golang-x-mod-dev, GOPATH mode).
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// fetch reads a file below the base, which is a directory or an http(s) URL.
func fetch(base, path string) ([]byte, error) {
	if !strings.HasPrefix(base, "http://") && !strings.HasPrefix(base, "https://") {
		return os.ReadFile(filepath.Join(base, filepath.FromSlash(path)))
	}
	answer, err := http.Get(strings.TrimSuffix(base, "/") + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// path is the C2SP path of a tile; that of the Go package names the height as well. Level -1 is the entry bundles.
func path(tile tlog.Tile) string {
	level, number := strconv.Itoa(tile.L), fmt.Sprintf("%03d", tile.N%1000)
	if tile.L == -1 {
		level = "entries"
	}
	for n := tile.N / 1000; n > 0; n /= 1000 {
		number = fmt.Sprintf("x%03d/%s", n%1000, number)
	}
	return "tile/" + level + "/" + number
}

// fetchTile prefers the partial tile and falls back to the full one, which may have replaced it.
func fetchTile(base string, tile tlog.Tile) (data []byte, full bool, err error) {
	if tile.W < 256 {
		data, err = fetch(base, fmt.Sprintf("%s.p/%d", path(tile), tile.W))
		if err == nil {
			return data, false, nil
		}
	}
	data, err = fetch(base, path(tile))
	return data, true, err
}

// tiles gives the Go package the tiles of a base; each is read once.
type tiles struct {
	base string
	read map[tlog.Tile][]byte
}

func (t *tiles) Height() int { return 8 }

func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		data, ok := t.read[tile]
		if !ok {
			var full bool
			var err error
			if data, full, err = fetchTile(t.base, tile); err != nil {
				return nil, err
			}
			if length := tile.W * tlog.HashSize; full && len(data) > length {
				data = data[:length]
			}
			t.read[tile] = data
		}
		all = append(all, data)
	}
	return all, nil
}

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// open checks a checkpoint's signature and form.
func open(text []byte, key note.Verifier) (size int64, root tlog.Hash, err error) {
	opened, err := note.Open(text, note.VerifierList(key))
	if err != nil {
		return 0, root, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != key.Name() {
		return 0, root, fmt.Errorf("checkpoint %q is not three lines of log %s", opened.Text, key.Name())
	}
	size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return 0, root, fmt.Errorf("checkpoint has size %q", lines[1])
	}
	if root, err = tlog.ParseHash(lines[2]); err == nil && root.String() != lines[2] {
		err = fmt.Errorf("checkpoint has root %q", lines[2])
	}
	return size, root, err
}

// entries splits a bundle into exactly count entries.
func entries(bundle []byte, count int, exact bool) ([][]byte, error) {
	var all [][]byte
	for len(all) < count {
		if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
			return nil, fmt.Errorf("bundle ends after %d of %d entries", len(all), count)
		}
		end := 2 + int(binary.BigEndian.Uint16(bundle))
		all, bundle = append(all, bundle[2:end]), bundle[end:]
	}
	if exact && len(bundle) != 0 {
		return nil, fmt.Errorf("%d bytes after %d entries", len(bundle), count)
	}
	return all, nil
}

// replay computes all hashes of the tree from the entries and checks the root.
func replay(base string, size int64, root tlog.Hash) (tlog.HashReader, error) {
	var stored []tlog.Hash
	memory := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		all := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			all[i] = stored[index]
		}
		return all, nil
	})
	for first := int64(0); first < size; first += 256 {
		bundle := tlog.Tile{H: 8, L: -1, N: first / 256, W: 256}
		if size-first < 256 {
			bundle.W = int(size - first)
		}
		data, full, err := fetchTile(base, bundle)
		if err != nil {
			return nil, err
		}
		all, err := entries(data, bundle.W, !full || bundle.W == 256)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path(bundle), err)
		}
		for i, entry := range all {
			added, err := tlog.StoredHashes(first+int64(i), entry, memory)
			if err != nil {
				return nil, err
			}
			stored = append(stored, added...)
		}
	}
	computed, err := tlog.TreeHash(size, memory)
	if err == nil && computed != root {
		err = fmt.Errorf("the entries have root %v, the checkpoint says %v", computed, root)
	}
	return memory, err
}

// compareTiles checks every hash tile that a log of this size serves against the hashes of the replay.
func compareTiles(source *tiles, size int64, replayed tlog.HashReader) error {
	for level := 0; size>>(8*level) > 0; level++ {
		count := size >> (8 * level)
		for n := int64(0); n<<8 < count; n++ {
			tile := tlog.Tile{H: 8, L: level, N: n, W: 256}
			if count-n<<8 < 256 {
				tile.W = int(count - n<<8)
			}
			expected, err := tlog.ReadTileData(tile, replayed)
			if err != nil {
				return err
			}
			served, err := source.ReadTiles([]tlog.Tile{tile})
			if err != nil {
				return err
			}
			if !bytes.Equal(served[0], expected) {
				return fmt.Errorf("%s is not the tile of the entries", path(tile))
			}
		}
	}
	return nil
}

// leafHash is the hash of an entry that was replayed.
func leafHash(replayed tlog.HashReader, index int64) (tlog.Hash, error) {
	all, err := replayed.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
	if err != nil {
		return tlog.Hash{}, err
	}
	return all[0], nil
}

// checkGiven checks one line of the file of proofs.
func checkGiven(line string, size int64, root tlog.Hash, replayed tlog.HashReader) error {
	words := strings.Fields(line)
	if len(words) < 2 {
		return fmt.Errorf("%q is not a proof", line)
	}
	number, err := strconv.ParseInt(words[1], 10, 64)
	if err != nil {
		return err
	}
	var proof []tlog.Hash
	for _, word := range words[2:] {
		hash, err := tlog.ParseHash(word)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	switch {
	case words[0] == "leaf" && number >= 0 && number < size:
		leaf, err := leafHash(replayed, number)
		if err != nil {
			return err
		}
		return tlog.CheckRecord(proof, size, root, number, leaf)
	case words[0] == "tree" && len(proof) > 0:
		return tlog.CheckTree(proof[1:], size, root, number, proof[0])
	}
	return fmt.Errorf("%q is not a proof for %d entries", line, size)
}

func run(oldPath, proofsPath, vkey, base string) error {
	key, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	text, err := fetch(base, "checkpoint")
	if err != nil {
		return err
	}
	size, root, err := open(text, key)
	if err != nil {
		return err
	}
	if size == 0 {
		// tlog.TreeHash(0) was all zeros before x/mod 0.19.
		if root != tlog.Hash(sha256.Sum256(nil)) {
			return fmt.Errorf("the root of the empty tree is %v", root)
		}
		fmt.Println("ok: the log is empty")
		return nil
	}
	replayed, err := replay(base, size, root)
	if err != nil {
		return err
	}
	source := &tiles{base: base, read: map[tlog.Tile][]byte{}}
	if err := compareTiles(source, size, replayed); err != nil {
		return err
	}
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, source)
	for i := int64(0); i < size; i += size/500 + 1 {
		proof, err := tlog.ProveRecord(size, i, reader)
		if err != nil {
			return err
		}
		leaf, err := leafHash(replayed, i)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, size, root, i, leaf); err != nil {
			return fmt.Errorf("leaf %d: %w", i, err)
		}
	}
	if oldPath != "" {
		text, err := os.ReadFile(oldPath)
		if err != nil {
			return err
		}
		oldSize, oldRoot, err := open(text, key)
		if err != nil {
			return fmt.Errorf("%s: %w", oldPath, err)
		}
		proof, err := tlog.ProveTree(size, oldSize, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, size, root, oldSize, oldRoot); err != nil {
			return fmt.Errorf("from size %d: %w", oldSize, err)
		}
	}
	given := 0
	if proofsPath != "" {
		text, err := os.ReadFile(proofsPath)
		if err != nil {
			return err
		}
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			if err := checkGiven(line, size, root, replayed); err != nil {
				return fmt.Errorf("%s, line %d: %w", proofsPath, given+1, err)
			}
			given++
		}
	}
	fmt.Printf("ok: %d entries, %d hash tiles, %d given proofs\n", size, len(source.read), given)
	return nil
}

func main() {
	old := flag.String("old", "", "an older checkpoint of the same log")
	proofs := flag.String("proofs", "", "proofs to check besides")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: verify [-old checkpoint] [-proofs file] <vkey> <directory or URL>")
		os.Exit(2)
	}
	if err := run(*old, *proofs, flag.Arg(0), flag.Arg(1)); err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}
