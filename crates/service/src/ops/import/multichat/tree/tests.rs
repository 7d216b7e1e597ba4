use super::*;

fn tree(files: &[&str]) -> (tempfile::TempDir, Tree) {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        let path = root.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file).unwrap();
    }
    let tree = Tree::walk(root.path()).unwrap();
    (root, tree)
}

#[test]
fn a_file_is_found_however_its_path_is_written_and_never_outside() {
    let file = "cliente_2/instance_A/audios/João da Silva ção.mp3";
    let (_root, tree) = tree(&[file, "cliente_3/instance_B/audios/b.mp3"]);
    for named in [
        "cliente_2/instance_A/audios/João da Silva ção.mp3",
        "/srv/multichat/media_storage/cliente_2/instance_A/audios/João da Silva ção.mp3",
        r"D:\multi chat\media_storage\cliente_2\instance_A\audios\João da Silva ção.mp3",
        "./cliente_2/x/../instance_A//audios/João da Silva ção.mp3",
    ] {
        let found = tree
            .locate(named)
            .map(|it| slashed(&tree.entry(it.at).path));
        assert_eq!(found.as_deref(), Some(file), "{named}");
    }
    for named in [
        "",
        "..",
        "/etc/passwd",
        "../../../../etc/passwd",
        "João da Silva ção.mp3",
        r"\\server\share\b.mp3",
    ] {
        assert_eq!(tree.locate(named), None, "{named}");
    }
}

#[test]
fn a_file_is_found_whose_letters_are_written_in_another_way_unless_two_are() {
    let (_root, tree) = tree(&[
        "fotos/ac\u{327}a\u{303}o.JPG",
        #[cfg(unix)]
        "fotos/a\\b.jpg",
        #[cfg(target_os = "linux")]
        "fotos/Twice.jpg",
        #[cfg(target_os = "linux")]
        "fotos/twice.jpg",
    ]);
    let found = |named: &str| {
        let located = tree.locate(named)?;
        Some((slashed(&tree.entry(located.at).path), located.is_whole))
    };
    let first = Some(("fotos/ac\u{327}a\u{303}o.JPG".to_owned(), true));
    assert_eq!(found("fotos/ação.jpg"), first);
    assert_eq!(found(r"D:\X\Media_Storage\Fotos\AÇÃO.jpg"), first);
    let elsewhere = found("/somewhere/else/fotos/ação.jpg");
    assert_eq!(elsewhere, first.map(|(name, _)| (name, false)));
    #[cfg(unix)]
    assert_eq!(found(r"fotos/a\b.jpg").unwrap().0, r"fotos/a\b.jpg");
    #[cfg(target_os = "linux")]
    assert_eq!(found("fotos/twice.jpg").unwrap().0, "fotos/twice.jpg");
    assert_eq!(found("fotos/TWICE.jpg"), None);
}

#[test]
fn only_what_file_managers_leave_behind_is_no_orphan() {
    for (name, is_litter) in [
        (".DS_Store", true),
        ("._foto.jpg", true),
        ("Thumbs.db", true),
        (".nomedia", true),
        (".hidden.jpg", false),
        ("foto.jpg", false),
    ] {
        assert_eq!(is_of_a_file_manager(Path::new(name)), is_litter, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (root, _) = tree(&["cliente_2/instance_A/audios/a.mp3"]);
    std::os::unix::fs::symlink("/etc", root.path().join("cliente_9")).unwrap();
    let tree = Tree::walk(root.path()).unwrap();
    assert_eq!((tree.entries.len(), tree.others.len()), (1, 1));
}

#[test]
fn letters_that_look_the_same_are_the_same() {
    let decomposed = "ac\u{327}a\u{303}o/fe\u{301}rias.jpg";
    assert_eq!(fold("AÇÃO/Férias.JPG"), fold(decomposed));
    assert_ne!(fold("acao"), fold("ação"));
}

#[test]
fn a_place_names_its_owner_and_its_kind() {
    let found = place(Path::new("cliente_2/instance_A-B/imagens/x.jpg"));
    assert_eq!(
        (found.owner.as_str(), found.instance.as_deref(), found.kind),
        ("cliente_2", Some("A-B"), Some(MediaKind::Image))
    );
    let found = place(Path::new(
        "Clinica_Aurora/instance_A/chats/5500900000001/audio/x.mp3",
    ));
    assert_eq!(found.chat.as_deref(), Some("5500900000001"));
    assert_eq!(
        (found.owner.as_str(), found.kind),
        ("Clinica_Aurora", Some(MediaKind::Audio))
    );
    let found = place(Path::new("x.mp3"));
    assert_eq!(found, Place::default());
}
