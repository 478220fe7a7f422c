// Checks a ledger's checkpoint and proofs with Go's own implementation of signed notes and of RFC 6962
// (golang.org/x/mod/sumdb), on which the specifications at c2sp.org rest.
//
//	check tree LEDGER CHECKPOINT VKEY     the checkpoint is signed and its root is that of the lines
//	check inclusion PROOF CHECKPOINT VKEY a proof as JSON leads to the checkpoint's root
//	check tlog-proof PROOF LINE VKEY      a proof as c2sp.org/tlog-proof@v1 holds for a line
//	check consistency PROOF               a proof as JSON leads from one root to the other
//	check sign NAME TEXT                  signs a text with a new key: prints the key, then the note
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func read(path string) []byte {
	content, err := os.ReadFile(path)
	must(err)
	return content
}

func hash(text string) (hash tlog.Hash) {
	bytes, err := base64.StdEncoding.DecodeString(text)
	must(err)
	if copy(hash[:], bytes) != len(hash) || len(bytes) != len(hash) {
		log.Fatalf("%s is no hash", text)
	}
	return hash
}

func hashes(texts []string) (all []tlog.Hash) {
	for _, text := range texts {
		all = append(all, hash(text))
	}
	return all
}

// The size and root of a checkpoint whose signature holds.
func head(signed []byte, key string) (int64, tlog.Hash) {
	verifier, err := note.NewVerifier(key)
	must(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		log.Fatalf("the origin is %s and the key's name is %s", lines[0], verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	return size, hash(lines[2])
}

type proof struct {
	Index      int64    `json:"index"`
	TreeSize   int64    `json:"tree-size"`
	RootHash   string   `json:"root-hash"`
	LeafHash   string   `json:"leaf-hash"`
	Entry      string   `json:"entry"`
	FirstSize  int64    `json:"first-size"`
	FirstRoot  string   `json:"first-root-hash"`
	SecondSize int64    `json:"second-size"`
	SecondRoot string   `json:"second-root-hash"`
	Hashes     []string `json:"hashes"`
}

func main() {
	arguments := os.Args[2:]
	switch os.Args[1] {
	case "tree":
		size, root := head(read(arguments[1]), arguments[2])
		lines := bytes.Split(bytes.TrimSuffix(read(arguments[0]), []byte("\n")), []byte("\n"))
		var stored []tlog.Hash
		reader := tlog.HashReaderFunc(func(indexes []int64) (found []tlog.Hash, err error) {
			for _, index := range indexes {
				found = append(found, stored[index])
			}
			return found, nil
		})
		for number, line := range lines[:size] {
			more, err := tlog.StoredHashes(int64(number), line, reader)
			must(err)
			stored = append(stored, more...)
		}
		found, err := tlog.TreeHash(size, reader)
		must(err)
		if found != root {
			log.Fatalf("the root of %d lines is %s, and the checkpoint says %s", size, found, root)
		}
	case "inclusion":
		var proof proof
		must(json.Unmarshal(read(arguments[0]), &proof))
		size, root := head(read(arguments[1]), arguments[2])
		if proof.TreeSize != size || hash(proof.RootHash) != root {
			log.Fatal("the proof is not for this checkpoint")
		}
		leaf := tlog.RecordHash([]byte(proof.Entry))
		if leaf != hash(proof.LeafHash) {
			log.Fatal("the leaf's hash is another one")
		}
		must(tlog.CheckRecord(hashes(proof.Hashes), size, root, proof.Index, leaf))
	case "tlog-proof":
		text := string(read(arguments[0]))
		top, checkpoint, _ := strings.Cut(text, "\n\n")
		lines := strings.Split(top, "\n")
		if lines[0] != "c2sp.org/tlog-proof@v1" {
			log.Fatalf("%s is not the first line of a proof", lines[0])
		}
		index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
		must(err)
		size, root := head([]byte(checkpoint), arguments[2])
		leaf := tlog.RecordHash(bytes.TrimSuffix(read(arguments[1]), []byte("\n")))
		must(tlog.CheckRecord(hashes(lines[2:]), size, root, index, leaf))
	case "consistency":
		var proof proof
		must(json.Unmarshal(read(arguments[0]), &proof))
		must(tlog.CheckTree(hashes(proof.Hashes), proof.SecondSize, hash(proof.SecondRoot), proof.FirstSize,
			hash(proof.FirstRoot)))
	case "sign":
		private, public, err := note.GenerateKey(rand.Reader, arguments[0])
		must(err)
		signer, err := note.NewSigner(private)
		must(err)
		signed, err := note.Sign(&note.Note{Text: string(read(arguments[1]))}, signer)
		must(err)
		fmt.Printf("%s\n%s", public, signed)
	default:
		log.Fatalf("no such check: %s", os.Args[1])
	}
}
