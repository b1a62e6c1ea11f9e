"""Une base d'une livraison ancienne (17.0.1.0.0, sans démonstration) passe à celle-ci : dossiers, montants et réglages de la caisse gardés.

`tests/reference/base-17.0.1.0.0.sql.xz` vient du commit bc5a617 : dix feuilles contrôlées, une règle, un taux et un préfixe réglés par la
caisse (test_exploitation.REGLES). Elle ne se refait pas : c'est un site d'autrefois.
"""
import lzma
import subprocess

from conftest import RACINE
from test_exploitation import ESSAI, outils, sql  # noqa: F401 : la machine d'essai

from lanceur import chemins, mise_a_jour, postgres

REFERENCE = RACINE / "tests" / "reference" / "base-17.0.1.0.0.sql.xz"
FEUILLES = "SELECT concat_ws(' ', numero, state, montant_facture::int, montant_cnas::int, ticket_moderateur::int) FROM cnas_feuille_soin ORDER BY id"
REGLAGES = """
    SELECT severite FROM cnas_regle_controle WHERE code = 'REC-05' UNION ALL
    SELECT taux::int::text FROM cnas_taux WHERE id = (SELECT res_id FROM ir_model_data WHERE module = 'cnas_referentiels' AND name = 'taux_ass') UNION ALL
    SELECT prefix FROM ir_sequence WHERE id = (SELECT res_id FROM ir_model_data WHERE module = 'cnas_facturation' AND name = 'sequence_decompte')"""


def test_d_une_livraison_ancienne_a_celle_ci(outils, tmp_path):  # noqa: F811
    """Le plan, la sauvegarde, l'application et les contrôles passent ; le compteur des dépôts reprend où il en était."""
    outils.creer_base(ESSAI)
    subprocess.run([postgres.programme("psql", outils.acces), "-Xq1", "-v", "ON_ERROR_STOP=1", "-d", ESSAI], env=outils.env(),
                   input=lzma.decompress(REFERENCE.read_bytes()), check=True, stdout=subprocess.DEVNULL)
    outils.sql("noter", ESSAI, **dict.fromkeys(chemins.ADDONS, "ancienne"))
    avant, compteur = (sql(outils, ESSAI, FEUILLES), sql(outils, ESSAI, REGLAGES)), sql(outils, ESSAI, "SELECT max(dernier) FROM cnas_compteur_depot")
    assert len(avant[0]) == 10 and avant[1] == ["signalement", "65", "DECOMPTE/"]
    assert mise_a_jour.mener(outils, ESSAI, tmp_path)
    assert (sql(outils, ESSAI, FEUILLES), sql(outils, ESSAI, REGLAGES)) == avant
    assert sql(outils, ESSAI, "SELECT max(dernier) FROM cnas_compteur_depot") == compteur
    versions = dict(ligne.split("|") for ligne in sql(outils, ESSAI, "SELECT name, latest_version FROM ir_module_module WHERE state = 'installed' AND name LIKE 'cnas%'"))
    assert versions == {addon: chemins.manifeste(addon)["version"] for addon in chemins.ADDONS}
    assert REFERENCE.stat().st_size < 2 << 20
