"""Les ménages se reconnaissent par liste, lieu et numéro : ceux déjà importés reçoivent leur lieu, un contrôle se refait."""


def migrate(cr, version):
    cr.execute(r"""
        UPDATE cnas_import_assures_ligne
           SET menage_lieu = btrim(regexp_replace(lower(unaccent(menage)), '[^a-z0-9]+', ' ', 'g')) || '|'
                             || COALESCE(NULLIF(donnees->>'district_id', 'false'), ''),
               village = btrim(regexp_replace(lower(unaccent(COALESCE(NULLIF(donnees->>'localite', 'false'), ''))), '[^a-z0-9]+', ' ', 'g')),
               cle_menage = menage
         WHERE menage IS NOT NULL AND menage_lieu IS NULL""")
    cr.execute("UPDATE cnas_import_assures SET state = 'brouillon' WHERE state = 'controle'")
