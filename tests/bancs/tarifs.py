"""Tarif applicable à toutes les prestations de banc, et import d'un classeur de 20 000 tarifs."""
import base64
import datetime
import itertools
import statistics

TITRE = "tarif_applicable et import de tarifs"
LIGNES = 20_000
BUT_IMPORT = 2


def mesurer(banc):
    """Buts : requêtes constantes entre 10 et 1 000 codes ; import, contrôle à blanc compris, ≤ 2 × le `create` ORM."""
    prestations = banc.env["cnas.prestation"]
    banc.cr.execute("SELECT code FROM cnas_prestation WHERE code LIKE 'BPR%%' ORDER BY id LIMIT 1000")
    codes = [ligne[0] for ligne in banc.cr.fetchall()]
    petit = banc.requetes(lambda: prestations.tarif_applicable(codes[:10], "2026-11-20", 1))
    grand = banc.requetes(lambda: prestations.tarif_applicable(codes, "2026-11-20", 1))
    banc.noter(f"requêtes pour {len(codes)} codes", grand, "", f"{petit} pour 10 codes", "constant", grand == petit)
    banc.noter("durée par code", banc.chrono(lambda: prestations.tarif_applicable(codes, "2026-11-20", 1)) / len(codes) * 1e6, "µs")
    mesurer_import(banc)


def mesurer_import(banc):
    """Le même lot de tarifs : par `create`, puis par un classeur CSV préparé (contrôle à blanc) et appliqué."""
    lignes = lignes_a_importer(banc)
    classeur = base64.b64encode("\n".join(
        ["Code;Niveau;Montant;Date début", *(f"{code};{niveau or ''};{montant};{debut}" for code, _m, _i, niveau, montant, debut in lignes)]
    ).encode())
    # Mesures alternées : chaque écriture annulée laisse à l'index des lignes mortes qui ralentissent la suivante.
    mesures = {"create": lambda: creer(banc, lignes), "import": lambda: importer(banc, classeur, len(lignes)),
               "controle": lambda: preparer(banc, classeur)}
    durees = {nom: [] for nom in mesures}
    for _tour in range(3):
        for nom, fonction in mesures.items():
            durees[nom].append(banc.chrono(fonction, fois=1))
    etalon, entier, controle = (statistics.median(durees[nom]) for nom in mesures)
    banc.rapport(f"import de {len(lignes)} tarifs", entier, etalon, BUT_IMPORT)
    banc.rapport("dont contrôle à blanc", controle, etalon, BUT_IMPORT)


def lignes_a_importer(banc):
    """Rend [(code, modèle, identifiant, niveau, montant, début)] : chaque prestation de banc, à cinq niveaux, à des dates à venir."""
    fiches = []
    for nom in ("acte", "examen", "medicament", "consommable"):
        banc.cr.execute(f"SELECT p.code, f.id FROM cnas_{nom} f JOIN cnas_prestation p ON p.id = f.prestation_id WHERE p.code LIKE 'BPR%%'")
        fiches += [(code, nom, ident) for code, ident in banc.cr.fetchall()]
    annees = (datetime.date(2028 + n // 12, 1 + n % 12, 1) for n in itertools.count())
    toutes = ((code, nom, ident, niveau, 1000 + rang % 900, debut) for debut in annees for niveau in range(5)
              for rang, (code, nom, ident) in enumerate(fiches))
    return list(itertools.islice(toutes, LIGNES))


def creer(banc, lignes):
    """L'étalon : un `create` par modèle de tarif."""
    for nom in ("acte", "examen", "medicament", "consommable"):
        banc.env[f"cnas.config_{nom}"].create([
            {f"{nom}_id": ident, "niveau": niveau, "montant": montant, "date_debut": debut}
            for _code, genre, ident, niveau, montant, debut in lignes if genre == nom])


def preparer(banc, classeur):
    revision = banc.env["cnas.revision_tarif"].create({
        "name": "Banc", "mode": "classeur", "date_effet": "2028-01-01", "fichier": classeur, "fichier_nom": "tarifs.csv"})
    revision.action_preparer()
    return revision


def importer(banc, classeur, attendues):
    """L'import entier, d'une traite (au-delà de 5 000 lignes l'écran le confie à un lot)."""
    revision = preparer(banc, classeur)
    revision.ligne_ids._appliquer()
    assert (revision.nombre_appliquees, revision.nombre_refusees) == (attendues, 0), "l'import du banc doit tout appliquer"
